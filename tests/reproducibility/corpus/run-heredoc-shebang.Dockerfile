# stratum: run
FROM busybox
RUN <<EOF
#!/bin/ash
echo "from $0 with $#" > /told
EOF
