FROM busybox:1.36 AS unrelated
LABEL author="team"
FROM scratch
LABEL license=MIT
