# stratum: archive
FROM busybox
COPY archives/tree.tar.gz /tmp/tree.tar.gz
RUN mkdir -p /opt/tree && tar -xzf /tmp/tree.tar.gz -C /opt/tree && rm /tmp/tree.tar.gz && ls -lR /opt/tree > /unpacked
