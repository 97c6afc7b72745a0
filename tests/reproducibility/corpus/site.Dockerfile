# stratum: program
FROM busybox AS build
COPY web /web
COPY data/numbers.csv /data.csv
RUN mkdir -p /site && { cat /web/index.html; awk -F, '{ print "<p>" $1 " squared is " $2 }' /data.csv; } > /site/index.html \
 && gzip -9 -c /site/index.html > /site/index.html.gz && cp /web/style.css /site/
FROM busybox
COPY --from=build --chown=82:82 /site /var/www/html
COPY conf/site.conf /etc/site.conf
EXPOSE 80
CMD ["httpd", "-f", "-h", "/var/www/html"]
