FROM busybox
USER app
WORKDIR /srv/app
FROM image-with-curl
USER nobody
WORKDIR data
