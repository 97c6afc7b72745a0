ARG P=$TARGETPLATFORM
FROM --platform=$P busybox AS a
FROM --platform=$BUILDPLATFORM busybox AS b
FROM --platform=$TARGETOS/$TARGETARCH busybox
