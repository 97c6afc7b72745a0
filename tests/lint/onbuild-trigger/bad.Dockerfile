FROM busybox:1.36
ONBUILD FROM debian:12
onbuild maintainer somebody
ONBUILD ONBUILD RUN true
