# stratum: archive
FROM busybox
COPY archives/tree.tar.gz /tmp/
RUN mkdir -p /opt && cd /opt && tar -xzmf /tmp/tree.tar.gz && find /opt -type f -exec touch {} + && stat -c '%n %Y' /opt > /dev/null
