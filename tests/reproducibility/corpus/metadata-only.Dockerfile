# stratum: metadata
FROM busybox
ARG VERSION=1.2.3
ENV NAME=service VERSION=$VERSION PATH=/opt/bin:$PATH
LABEL org.example.version=$VERSION org.example.vendor="Some One"
EXPOSE 80/tcp 53/udp
VOLUME ["/data", "/cache"]
USER 1000:1000
STOPSIGNAL SIGINT
HEALTHCHECK --interval=5s CMD ["true"]
SHELL ["/bin/ash", "-c"]
ENTRYPOINT ["/bin/sh", "-c"]
CMD ["echo hello"]
