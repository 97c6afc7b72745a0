# stratum: archive
FROM busybox
COPY data /data
RUN cd /data && find . -type f | sort | tar -cf - -T - | gzip -n > /data.tar.gz
