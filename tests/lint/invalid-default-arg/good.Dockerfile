ARG VERSION="latest"
ARG NONE
ARG NAME=stage
FROM busybox:$VERSION AS stage_x
FROM busybox:${NONE:-latest}
FROM ${NAME}_x
