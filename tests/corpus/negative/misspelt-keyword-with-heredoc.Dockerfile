FROM scratch
RUNN <<EOF
echo one
EOF
WORKDIR
