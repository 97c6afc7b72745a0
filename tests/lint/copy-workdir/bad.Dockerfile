FROM busybox:1.36 AS base
COPY app.conf etc/
COPY "app.conf" "./"
WORKDIR /srv
COPY app.conf etc/
FROM busybox:1.36
COPY ["app.conf", "etc/"]
