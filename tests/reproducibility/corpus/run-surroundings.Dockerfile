# stratum: run
FROM busybox
RUN hostname > /host; umask > /mask; id > /id; env | sort > /environment; pwd > /place; echo $$ > /pid
RUN cat /etc/hosts /etc/hostname > /names; tty > /tty; ls /dev > /devices; cat /proc/self/mounts | wc -l > /mounts
