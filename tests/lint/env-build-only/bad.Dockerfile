FROM debian:13 AS base
ENV DEBIAN_FRONTEND=noninteractive
ENV http_proxy http://proxy.example.org
FROM base
ENV A=1 HTTPS_PROXY=http://proxy.example.org
