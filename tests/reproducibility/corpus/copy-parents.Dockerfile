# syntax=docker/dockerfile:1-labs
# stratum: copy
FROM scratch
COPY --parents ./data/**/*.txt /tree/
