FROM busybox
RUN mkdir -p /var/data/cache
VOLUME /var/data
RUN cp /var/data/x /srv/x && ls /var/data && mkdir /var/database
COPY x /var/data/
RUN cat /var/data/x > /dev/null
FROM image-with-volume
RUN mkdir /srv/data
