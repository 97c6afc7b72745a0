# stratum: run
FROM busybox
RUN date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%d > /built && echo "version 1.0 ($SOURCE_DATE_EPOCH)" > /version
