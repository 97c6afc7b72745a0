FROM busybox
WORKDIR /srv
COPY app.conf /etc/app.conf
RUN chmod 640 /etc/app.conf
COPY start.sh /start.sh
RUN chmod +x /start.sh && ln -s /start.sh /go
COPY web ./web
RUN chown -R 33:33 /srv
