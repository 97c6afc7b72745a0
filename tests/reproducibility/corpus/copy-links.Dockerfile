# stratum: copy
FROM busybox
COPY links /links
RUN readlink /links/to-words > /where && cat /links/hard-a > /same
