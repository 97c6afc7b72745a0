FROM alpine
RUN apk add --no-cache -t .build "curl>8" git~2 jq=1.7 ./tool.apk && apk del .build
