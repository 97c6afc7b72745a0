FROM busybox
VOLUME /var/data
RUN mkdir -p /var/data/cache
RUN echo hello > /var/data/hello
FROM image-with-volume
RUN chown -R 1000 /var/data
FROM busybox
WORKDIR /srv
VOLUME ["/srv/data"]
RUN cp /etc/hosts data/hosts
