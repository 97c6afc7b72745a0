FROM busybox AS base
ENTRYPOINT serve --port 80
CMD ["--verbose"]
FROM busybox AS parent
CMD ["run"]
FROM parent AS script
ENTRYPOINT ["/docker-entrypoint.sh"]
FROM parent
ENTRYPOINT ["tini", "--"]
FROM busybox
ENTRYPOINT exec serve "$@"
CMD ["--verbose"]
