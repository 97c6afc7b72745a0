FROM busybox:1.36 AS one
USER 1000
USER root
FROM busybox:1.36 AS two
USER 0:1000
FROM busybox:1.36
USER "root:root"
