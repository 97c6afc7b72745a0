FROM debian:13 AS build
ENV DEBIAN_FRONTEND=noninteractive
FROM debian:13
ARG DEBIAN_FRONTEND=noninteractive
ENV LANG=C.UTF-8 PIP_NO_CACHE_DIR=1
ENV http_proxy=http://proxy.example.org
ENV http_proxy=
