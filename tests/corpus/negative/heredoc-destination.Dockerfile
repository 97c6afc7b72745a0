FROM scratch
COPY a <<EOF
text
EOF
