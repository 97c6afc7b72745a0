FROM debian:13
ARG CURL_VERSION=8
ARG DEBIAN_FRONTEND=noninteractive
RUN apt-get update && apt-get install --yes curl=$CURL_VERSION
ARG GIT_COMMIT
RUN make
RUN apt-get install --yes jq
FROM debian:13
ARG COMMIT_SHA
RUN apt-get update && apt-get install --yes jq && echo $COMMIT_SHA > /commit
FROM debian:13
ARG CACHE_BUST
RUN apt-get update
