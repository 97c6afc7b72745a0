FROM busybox:1.36 AS tools
FROM busybox:1.36 AS base
LABEL author=x home=https://x.example built=2024-05-06T07:08:09Z license=MIT revision=0123abc version=1.0.0 contact=a@b.example
FROM base
COPY --from=tools /bin/sh /bin/sh
RUN --mount=from=tools,target=/tools true
