# stratum: archive
FROM scratch
ADD --unpack=false archives/tree.tar.gz /archives/
COPY archives/tree.tar /archives/
