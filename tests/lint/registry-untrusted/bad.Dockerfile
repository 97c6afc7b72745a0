FROM registry.example.org/base:1 AS base
FROM elsewhere.example.com/base:1
FROM debian:12
COPY --from=localhost:5000/tool:1 /tool /tool
RUN --mount=from=evil.invalid/tool:1,target=/t true
FROM base
