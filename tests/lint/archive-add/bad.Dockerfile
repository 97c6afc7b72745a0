FROM busybox
COPY LICENSE one.tar.gz /tmp/
COPY blob /tmp/two.tar.xz
COPY three.tar \
     /tmp/
RUN tar -xzf /tmp/one.tar.gz -C /srv && \
    tar --extract --file=/tmp/two.tar.xz
RUN tar xf /tmp/three.tar
