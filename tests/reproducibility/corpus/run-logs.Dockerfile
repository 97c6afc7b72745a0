# stratum: run
FROM busybox
RUN mkdir -p /var/log/apt && date > /var/log/dpkg.log && date > /var/log/apt/history.log && date > /var/log/alternatives.log
RUN mkdir -p /var/cache/ldconfig && date > /var/cache/ldconfig/aux-cache && cat /proc/sys/kernel/random/uuid > /etc/machine-id
