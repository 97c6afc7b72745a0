FROM scratch
COPY <<EOF <<TWO /x/
text
EOF
more
