FROM base AS app
RUN --mount=from=base,target=/x true
RUN --mount=from=app,target=/x --mount=from=later,target=/y true
FROM busybox AS later
RUN a
FROM busybox AS base
RUN b
