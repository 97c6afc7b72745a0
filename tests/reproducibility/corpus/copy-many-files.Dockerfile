# stratum: copy
FROM busybox
COPY many /many
RUN find /many -type f | wc -l > /count
