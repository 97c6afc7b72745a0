FROM registry.example.org/base:1 AS Base
FROM base
COPY --from=0 /tool /tool
COPY --from=BASE /tool /tool
RUN --mount=from=base,target=/t --mount=type=cache,target=/c true
FROM a.mirror.example.org/base:1
FROM scratch
