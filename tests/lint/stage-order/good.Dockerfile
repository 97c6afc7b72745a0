FROM busybox AS base
RUN b
FROM base AS app
COPY --from=base /a /a
COPY --from=0 /a /a
RUN --mount=from=base,target=/x true
FROM busybox AS busybox
COPY --from=alpine /a /a
