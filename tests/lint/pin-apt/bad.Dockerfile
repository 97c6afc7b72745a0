FROM debian
RUN apt-get update \
 && apt-get install -y -t stable-backports -o Dpkg::Use-Pty=0 \
    # the client
    curl \
    git=1:2 jq
RUN for p in curl git; do apt-get install -y "$p"; done
RUN <<EOF
apt-get install -y a b c d e f
EOF
ONBUILD RUN apt-get install -y curl
