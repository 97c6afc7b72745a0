FROM scratch AS data
COPY --chmod=644 rules.txt /data/
WORKDIR /srv/app
FROM image-without-shell AS image
WORKDIR /data
FROM busybox
COPY --from=data /date /date
COPY --from=data /srv/other /other
COPY --from=image /app/ran /usr/bin/
