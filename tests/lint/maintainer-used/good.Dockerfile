FROM busybox:1.36
LABEL maintainer="Team"
