# stratum: run
FROM busybox
RUN mkdir -p /a/b/c && echo text > /a/b/c/file && ln -s c/file /a/b/link && ln /a/b/c/file /a/hard && mkfifo /a/fifo
RUN chmod 4755 /a/hard && chown 7:8 /a/b/c && touch -d '2001-02-03 04:05:06' /a/old
RUN rm /a/old && mv /a/b /a/moved
