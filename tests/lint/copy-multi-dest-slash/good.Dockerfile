FROM busybox:1.36
ARG DIR=/data/
COPY a.txt /data
COPY a.txt b.txt /data/
COPY a.txt b.txt $DIR
COPY ["a b", "c", "/data/"]
