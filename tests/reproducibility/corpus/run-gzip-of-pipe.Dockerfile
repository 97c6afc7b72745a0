# stratum: archive
FROM busybox
RUN yes stone | head -n 1000 | gzip > /stones.gz && yes paper | head -n 1000 | bzip2 > /papers.bz2 2>/dev/null || true
