FROM --platform=$BUILDPLATFORM debian:13 AS build
ARG TARGETARCH
ARG BUILDARCH
RUN curl -fsSLo /usr/bin/gen https://example.org/gen-$BUILDARCH && chmod +x /usr/bin/gen && gen /src
RUN curl -fsSLo /out/tool https://example.org/tool-$TARGETARCH && chmod +x /out/tool
RUN GOARCH=$TARGETARCH go build
FROM debian:13
ARG TARGETARCH
RUN curl -fsSLo /usr/bin/gen https://example.org/gen-$TARGETARCH && gen /src
