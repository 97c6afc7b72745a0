FROM debian
RUN apt update && \
    apt list --installed
ONBUILD RUN apt install -y curl
