FROM busybox
COPY config.json /srv/
RUN check /srv/config.json
COPY other.json /srv/config.json
COPY . /all
COPY other.json /all/config.json
COPY --from=alpine /x /y
COPY --from=alpine /x /y
FROM alpine
COPY config.json /srv/
