FROM busybox:1.36
WORKDIR /process
WORKDIR dev
