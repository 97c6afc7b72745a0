FROM scratch AS one
FROM scratch
