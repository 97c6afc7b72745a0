FROM busybox:1.36 AS one
FROM busybox:1.36 AS two
COPY --from=Two /bin/sh /sh2
COPY --from=1 /bin/sh /sh3
