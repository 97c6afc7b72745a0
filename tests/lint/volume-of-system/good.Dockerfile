FROM busybox:1.36
VOLUME /srv/data /device
VOLUME ["/var/run"]
