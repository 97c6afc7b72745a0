FROM busybox:1.36
ARG WHERE=/sys
WORKDIR /proc
WORKDIR $WHERE/kernel
WORKDIR //dev/./x
