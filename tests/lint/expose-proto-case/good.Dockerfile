FROM scratch
EXPOSE 80/tcp 81 82/udp
