FROM python:3.13-slim AS base
RUN a
FROM golang:1.26 AS golang
RUN b
FROM base AS app
COPY --from=golang /x /x
FROM python:3.13
