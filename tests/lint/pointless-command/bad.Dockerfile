FROM busybox
RUN LC_ALL=C top -b -n 1
RUN echo one && \
    echo "$(free -m)"
RUN ["kill", "-0", "1"]
ONBUILD RUN mount -t tmpfs none /mnt
RUN <<EOF
set -e
  ps aux
EOF
