FROM alpine
RUN apk --no-cache add curl && apk upgrade
RUN --mount=type=cache,target=/var/cache/apk apk add git
