FROM alpine:3.22
ARG BUILD_DATE
RUN apk add --no-cache curl
ENV DATE=$BUILD_DATE
ENV LANG=C.UTF-8
RUN apk add --no-cache jq && echo $DATE
