FROM python:3.13-slim AS python
RUN a
FROM docker.io/library/node:24 AS node
RUN b
FROM python AS app
COPY --from=node /x /x
FROM node
CMD ["c"]
