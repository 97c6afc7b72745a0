FROM fedora
RUN dnf -y install \
    tar-1.35 \
    # archives
    unzip \
 && microdnf -y install gzip
