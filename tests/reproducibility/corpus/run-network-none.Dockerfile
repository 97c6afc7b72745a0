# stratum: mounts
FROM busybox
RUN --network=none ifconfig -a | grep -c '^[a-z]' > /interfaces
