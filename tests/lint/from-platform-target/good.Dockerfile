FROM --platform=$BUILDPLATFORM busybox:1.36
FROM --platform=${TARGETPLATFORM:-linux/amd64} busybox:1.36
FROM busybox:1.36
