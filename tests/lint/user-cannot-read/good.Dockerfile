FROM busybox AS other
COPY app.conf /etc/app.conf
USER root
FROM busybox
COPY open.conf /etc/
COPY --chown=1000 app.conf /etc/app.conf
COPY --chmod=644 conf /etc/conf
USER 1000
