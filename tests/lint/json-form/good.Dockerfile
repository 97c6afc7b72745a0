FROM busybox AS a
SHELL ["/bin/sh", "-ec"]
CMD sleep 10
FROM a
ENTRYPOINT sleep
FROM busybox
HEALTHCHECK CMD true
CMD ["sleep", "10"]
ENTRYPOINT []
