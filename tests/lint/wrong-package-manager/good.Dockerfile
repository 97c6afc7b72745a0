FROM alpine:3.22 AS a
RUN apk add --no-cache curl
FROM alpine:3.22 AS b
RUN apk add --no-cache dpkg apt
RUN apt-get install --yes curl
FROM python:3.13 AS c
RUN if command -v apk; then apk add curl; else apt-get install curl; fi
FROM image-without-shell AS d
RUN apt-get install curl
FROM example.org/alpine AS e
RUN apt-get install curl
FROM debian:13
RUN apt-get install --yes rpm && echo apk add x
