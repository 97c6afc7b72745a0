FROM busybox
ONBUILD RUN make
