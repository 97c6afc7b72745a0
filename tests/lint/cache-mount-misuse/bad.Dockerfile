FROM debian:13
RUN --mount=type=cache,target=/var/lib/apt \
    --mount=type=cache,target=/var/cache/apt,sharing=locked \
    apt-get update && apt-get install --yes curl && apt-get clean && rm -rf /var/lib/apt/lists/*
RUN --mount=type=cache,target=/root/.cache/pip pip install --no-cache-dir flask
RUN --mount=type=cache,id=c,target=/c,uid=1000 make
RUN --mount=type=cache,id=c,target=/d make
