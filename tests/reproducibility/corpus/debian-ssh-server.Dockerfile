# stratum: habit
# network: yes
# differs: key made during the build
FROM debian:bookworm
RUN apt-get update && apt-get install -qqy --no-install-recommends openssh-server && rm -rf /var/lib/apt/lists/*
