FROM --platform=$BUILDPLATFORM debian:13 AS base
RUN a
FROM --platform=${BUILDPLATFORM} base
CMD ["bash"]
