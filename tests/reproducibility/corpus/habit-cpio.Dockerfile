# stratum: habit
# differs: inode numbers in a cpio archive
FROM busybox
COPY data /data
RUN cd /data && find . -type f | sort | cpio -o -H newc 2>/dev/null | gzip -n > /data.cpio.gz
