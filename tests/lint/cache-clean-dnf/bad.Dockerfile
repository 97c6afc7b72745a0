FROM fedora
RUN dnf -y upgrade && \
    microdnf -y install bash && dnf clean all
