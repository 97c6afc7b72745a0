# stratum: copy
FROM scratch
COPY . /
