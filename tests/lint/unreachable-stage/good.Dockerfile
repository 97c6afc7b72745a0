FROM busybox AS base
RUN a
FROM base AS test
RUN b
FROM base AS tools
RUN c
FROM busybox AS data
RUN d
FROM base AS result
COPY --from=tools /a /a
RUN --mount=from=data,target=/d true
