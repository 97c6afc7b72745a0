FROM busybox AS build
COPY start.sh /start.sh
RUN chmod +x /start.sh
FROM busybox
COPY --chmod=640 app.conf /etc/app.conf
RUN chmod 640 /etc/other.conf
RUN mkdir /data && chown 33 /data
COPY web /data/web
RUN chown 33 /data
RUN chmod $MODE $FILE
