# stratum: metadata
FROM busybox AS parent
ONBUILD COPY data/words.txt /words
ONBUILD RUN sort /words > /sorted
FROM parent
RUN head -n 1 /sorted > /first
