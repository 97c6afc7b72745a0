FROM --platform=$TARGETPLATFORM busybox AS a
FROM --platform=${TARGETPLATFORM} busybox
FROM --platform=${TARGETPLATFORM:-linux/arm64} busybox
