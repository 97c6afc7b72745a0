FROM busybox:1.36
COPY a.txt b.txt /data
COPY a.txt b.txt .
COPY ["a b", "c", "/data"]
