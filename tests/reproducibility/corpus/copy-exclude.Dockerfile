# syntax=docker/dockerfile:1-labs
# stratum: copy
FROM scratch
COPY --exclude=data --exclude=many . /rest/
