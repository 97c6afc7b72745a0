# stratum: run
FROM busybox
RUN <<EOF
set -e
mkdir /out
for name in one two three; do echo "$name" > "/out/$name"; done
ls -l /out | awk '{ print $1, $NF }' > /listing
EOF
RUN <<'AWK' awk -f /dev/stdin > /table
BEGIN { for (i = 1; i < 10; i++) print i, i * i }
AWK
