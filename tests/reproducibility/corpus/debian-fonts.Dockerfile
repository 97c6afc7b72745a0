# stratum: apt
# network: yes
FROM debian:bookworm
RUN apt-get update && apt-get install -qqy --no-install-recommends fontconfig fonts-dejavu-core && fc-cache -f && rm -rf /var/lib/apt/lists/*
