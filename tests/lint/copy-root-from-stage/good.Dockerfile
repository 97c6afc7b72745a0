FROM busybox:1.36 AS a
FROM scratch
COPY / /
COPY --from=a / /rootfs/
COPY --from=a /bin /
