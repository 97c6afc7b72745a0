FROM busybox
FROM scratch
