FROM busybox AS a
ENTRYPOINT sleep
CMD ['10']
FROM busybox
CMD sleep 10
SHELL ["/bin/sh", "-ec"]
