ARG PLAT=linux/amd64
FROM --platform=$PLAT busybox:1.36
FROM --platform=linux/amd64 busybox:1.36
