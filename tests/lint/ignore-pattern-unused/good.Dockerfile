FROM busybox
RUN nothing
