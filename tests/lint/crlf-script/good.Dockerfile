FROM busybox
COPY good.sh notes.txt other.sh hidden /
