ARG MY_ARCH=amd64
FROM busybox:${tag:-1}${version} AS b
ARG later=1
FROM --platform=linux/${MYARCH:-amd64} busybox AS a-amd64
FROM busybox:${later:-2}
