FROM debian:13
RUN apt-get update && apt-get install --yes curl
RUN curl -fsSLo /tmp/tool.tar.gz https://example.org/tool.tar.gz
COPY big.tar /tmp/big.tar
RUN tar -xf /tmp/big.tar && rm -rf /tmp/big.tar /tmp/tool.tar.gz
RUN rm -rf /var/lib/apt/lists/*
