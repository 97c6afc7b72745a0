FROM scratch AS data
COPY rules.txt /data/
COPY lib /lib
WORKDIR /srv/app
FROM image-without-shell AS image
WORKDIR /data
FROM scratch AS made
COPY --from=busybox / /
RUN make
FROM scratch AS unpacked
ADD root.tar.gz /
FROM scratch AS unknown
FROM busybox
COPY --from=data /data/rules.txt /data/rules.txt
COPY --from=data /lib/linked/file /x
COPY --from=data /srv /srv
COPY --from=data / /all
COPY --from=data /none* /none
COPY --from=image /app/run /data /usr/bin/
COPY --from=made /whatever /whatever
COPY --from=unpacked /whatever /whatever
COPY --from=alpine /whatever /whatever
