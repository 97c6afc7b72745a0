FROM fedora
RUN dnf -y install bash && dnf clean all
RUN dnf -y install bash && rm -rf /var/cache/libdnf5
RUN --mount=type=cache,target=/var/cache/libdnf5 dnf -y install bash
