# stratum: run
FROM busybox
COPY conf/app.ini /etc/app.ini
RUN sed -i 's/8080/9090/' /etc/app.ini && cp -p /etc/app.ini /etc/app.ini.orig
