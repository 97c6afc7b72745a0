FROM busybox AS builder
ARG API_TOKEN
RUN fetch $API_TOKEN
FROM busybox
ARG API_TOKEN
ARG NAME
RUN fetch --token "$API_TOKEN"
RUN echo ${API_TOKEN:-none} $NAME
