# stratum: copy
FROM busybox
COPY attributes /attributes
RUN cp -a /attributes /copied
