FROM busybox:1.36 AS one
FROM busybox:1.36 AS two
COPY --from=one /bin/sh /sh
COPY --from=0 /bin/sh /sh
