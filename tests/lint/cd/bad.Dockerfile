FROM busybox
RUN cd /srv && ls
RUN mkdir -p /src \
 && cd /src \
 && ls
RUN <<EOF
if true; then cd /x; fi
EOF
