# stratum: copy
FROM scratch
COPY <<one.txt <<two.txt /inline/
first
one.txt
second
two.txt
COPY --chmod=0755 <<EOF /bin/tool
#!/bin/sh
echo tool
EOF
