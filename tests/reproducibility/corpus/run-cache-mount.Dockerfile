# stratum: mounts
FROM busybox
RUN --mount=type=cache,target=/cache date > /cache/stamp && ls /cache > /seen
RUN --mount=type=cache,target=/cache ls /cache > /seen-again
