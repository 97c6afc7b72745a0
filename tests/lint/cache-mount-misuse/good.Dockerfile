FROM debian:13
RUN --mount=type=cache,target=/var/lib/apt,sharing=locked \
    --mount=type=cache,target=/var/cache/apt,sharing=private \
    rm -f /etc/apt/apt.conf.d/docker-clean && apt-get update && apt-get install --yes curl
RUN --mount=type=cache,target=/root/.cache/pip pip install flask && rm -rf /tmp/x
RUN pip install --no-cache-dir flask
RUN --mount=type=cache,id=c,target=/c,uid=1000 make
RUN --mount=type=cache,id=c,target=/d,uid=1000 make
RUN --mount=type=cache,target=/var/lib/apt ls
