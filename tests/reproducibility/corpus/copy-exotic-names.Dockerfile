# stratum: copy
FROM scratch
COPY odd /odd
