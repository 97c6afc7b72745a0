FROM busybox:1.36 AS base
FROM base AS middle
HEALTHCHECK CMD ["true"]
FROM middle
USER 1000
