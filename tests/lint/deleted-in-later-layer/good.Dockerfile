FROM debian:13 AS build
COPY big.tar /tmp/big.tar
RUN rm /tmp/big.tar
FROM debian:13
RUN apt-get update && apt-get install --yes curl && rm -rf /var/lib/apt/lists/*
RUN --mount=type=cache,target=/var/lib/apt apt-get update
RUN rm -rf /var/lib/apt/lists/* /tmp/other
RUN curl -fsSLo /tmp/tool.tar.gz https://example.org/tool.tar.gz && rm /tmp/tool.tar.gz
RUN rm -rf /tmp/*
RUN apt-get update && rm -rf /var/lib/apt/lists/*
