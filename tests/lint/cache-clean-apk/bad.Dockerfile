FROM alpine
RUN apk update --no-cache && \
    apk add curl
RUN --mount=type=cache,target=/etc/apk/cache apk add git
