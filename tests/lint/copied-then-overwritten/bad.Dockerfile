FROM busybox AS base
COPY config.json /srv/
FROM base
ENV A=1
COPY other.json /srv/config.json
COPY web /www
COPY web /www/
