FROM alpine
RUN apk --no-cache add curl
RUN apk add --no-cache --virtual .build gcc \
    musl-dev=1.2
