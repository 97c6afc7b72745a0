FROM --platform=$BUILDPLATFORM debian:13 AS base
RUN a
FROM --platform=$TARGETPLATFORM debian:13
COPY --from=base /a /a
