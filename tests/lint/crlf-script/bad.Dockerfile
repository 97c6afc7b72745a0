FROM busybox
COPY start.sh /start.sh
COPY scripts /scripts
