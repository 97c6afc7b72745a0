FROM scratch AS b
FROM scratch AS c
FROM scratch
FROM scratch
