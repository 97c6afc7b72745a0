FROM busybox:1.36 AS one
FROM busybox:1.36 AS two
USER root
RUN true
USER 1000
FROM busybox:1.36
ARG ME=root
USER $ME
