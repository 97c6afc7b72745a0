FROM busybox
COPY src /srv/
