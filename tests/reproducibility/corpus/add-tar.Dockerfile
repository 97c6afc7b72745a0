# stratum: archive
FROM scratch
ADD archives/tree.tar /plain/
ADD archives/tree.tar.gz /gzip/
ADD archives/tree.tar.xz /xz/
