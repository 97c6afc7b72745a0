FROM busybox:1.36 AS base
COPY app.conf /etc/
COPY app.conf $PATH/
COPY app.conf C:/etc/
WORKDIR /srv
FROM base
COPY app.conf etc/
