FROM busybox AS base
ENTRYPOINT ["serve"]
CMD ["--verbose"]
FROM busybox AS parent
CMD ["run"]
FROM parent AS repeated
ENTRYPOINT ["serve"]
CMD ["run"]
FROM busybox AS shell
SHELL ["/bin/bash", "-c"]
ENTRYPOINT serve
CMD ["x"]
FROM busybox AS child
CMD ["run"]
FROM child
ENTRYPOINT ["other"]
FROM busybox
ENTRYPOINT serve
