FROM busybox:1.36 AS build
FROM scratch AS ship
COPY --from=bulid /bin/busybox /busybox
COPY --from=busybox /bin/busybox /busybox
COPY --from=5 /bin/busybox /busybox
COPY --from=later /bin/busybox /busybox
FROM scratch AS later
