# stratum: apt
# network: yes
FROM debian:bookworm
ENV DEBIAN_FRONTEND=noninteractive
RUN apt-get update && apt-get install -qqy --no-install-recommends nginx-light && rm -rf /var/lib/apt/lists/*
COPY conf/site.conf /etc/nginx/sites-available/default
COPY --chown=www-data:www-data web/ /var/www/html/
RUN nginx -t 2> /checked
