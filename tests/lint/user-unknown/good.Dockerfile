FROM scratch AS a
COPY --chown=1000 server /server
USER 65534:nobody
FROM scratch AS b
COPY passwd /etc/passwd
USER app
FROM image-with-curl AS c
RUN mkdir -p /data
USER nobody
FROM image-with-curl AS d
RUN useradd app
USER app
FROM image-with-curl AS e
RUN ./setup.sh
USER app
FROM debian:13 AS f
USER app
FROM image-with-curl AS g
COPY --from=busybox /etc/ /etc/
USER app
FROM scratch
ARG WHO=root
USER $WHO
