# stratum: apt
# network: yes
FROM debian:bookworm
RUN apt-get update && apt-get install -qqy --no-install-recommends ca-certificates curl && rm -rf /var/lib/apt/lists/*
