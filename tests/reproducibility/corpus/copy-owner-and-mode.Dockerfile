# stratum: copy
FROM busybox
COPY --chown=33:33 web/ /var/www/html/
COPY --chmod=0750 scripts/entry.sh /usr/local/bin/entry
COPY --chown=nobody --chmod=0400 conf/app.ini /etc/app.ini
