FROM --platform=${BUILDPLATFORM} busybox:1.36
FROM --platform=$TARGETPLATFORM busybox:1.36
FROM busybox:1.36
