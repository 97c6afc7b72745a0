FROM alpine:3.22
RUN apt-get install --yes curl
FROM node:24-alpine AS base
FROM base
RUN sudo apt-get update && apt-get install --yes curl
FROM python:3.13
RUN apk add --no-cache curl
FROM fedora:43
RUN apt install -y curl
FROM image-of-old-debian
RUN yum install -y curl
