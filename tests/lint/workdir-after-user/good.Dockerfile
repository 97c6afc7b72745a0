FROM busybox
WORKDIR /srv/app
USER app
WORKDIR /srv/app
FROM busybox
RUN mkdir -p /srv/app && chown app /srv/app
USER app
WORKDIR /srv/app
FROM busybox
USER root
WORKDIR /srv/app
FROM image-with-curl
USER nobody
WORKDIR /etc
