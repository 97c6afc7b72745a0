FROM busybox
COPY app.conf /etc/app.conf
COPY conf /etc/conf
USER 1000
