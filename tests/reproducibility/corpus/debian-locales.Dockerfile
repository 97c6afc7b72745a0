# stratum: apt
# network: yes
FROM debian:bookworm
RUN apt-get update && apt-get install -qqy --no-install-recommends locales tzdata adduser \
 && sed -i 's/^# *\(de_DE.UTF-8\)/\1/' /etc/locale.gen && locale-gen && rm -rf /var/lib/apt/lists/*
RUN adduser --system --group batch && useradd --create-home --uid 1500 person
