FROM busybox AS base
COPY start.sh /start.sh
ENTRYPOINT ["/start.sh"]
FROM busybox
WORKDIR /srv
COPY . .
CMD ["./bin/run"]
