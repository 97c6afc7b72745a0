FROM --platform=$BUILDPLATFORM busybox AS build
RUN compile --for "$TARGETARCH"
FROM busybox
ADD https://example.org/tool-linux-amd64 /usr/bin/tool
RUN wget https://example.org/tool_Linux_x86_64.tar.gz
COPY --from=build /app /app
