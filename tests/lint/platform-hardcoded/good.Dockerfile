FROM --platform=$BUILDPLATFORM busybox AS build
RUN wget https://example.org/compiler-amd64
RUN compile --for "$TARGETARCH"
FROM busybox
ARG TARGETARCH
ADD https://example.org/tool-linux-$TARGETARCH /usr/bin/tool
RUN if [ "$(uname -m)" = x86_64 ]; then wget https://example.org/tool-amd64; fi
RUN wget https://example.org/tool-noarch
COPY --from=build /app /app
