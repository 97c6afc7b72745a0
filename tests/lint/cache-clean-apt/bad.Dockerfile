FROM debian AS base
RUN apt-get update && apt-get install -y curl && apt-get clean
FROM base
RUN rm -rf /var/lib/apt/lists/* && \
    apt update && rm -rf /tmp/work
RUN --mount=type=cache,target=/var/cache/apt <<EOF
apt-get update
EOF
