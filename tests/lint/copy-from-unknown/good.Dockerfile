FROM busybox:1.36 AS build
FROM scratch
COPY --from=Build /bin/busybox /busybox
COPY --from=0 /bin/busybox /busybox
COPY --from=busybox:1.36 /bin/busybox /busybox
RUN --mount=from=other,target=/other true
