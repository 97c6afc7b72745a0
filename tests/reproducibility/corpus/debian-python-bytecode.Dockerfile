# stratum: pip
# network: yes
FROM debian:bookworm
RUN apt-get update && apt-get install -qqy --no-install-recommends python3 && rm -rf /var/lib/apt/lists/*
COPY app /srv/app
RUN cp -r /srv/app /srv/fresh && python3 -m compileall -q /srv/fresh && cd /srv && python3 -c 'import app.main, fresh.main'
