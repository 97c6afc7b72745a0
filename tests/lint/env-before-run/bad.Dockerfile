FROM alpine:3.22
ARG BUILD_DATE
ENV DATE=$BUILD_DATE
RUN apk add --no-cache curl
RUN echo $DATE
