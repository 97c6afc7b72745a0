FROM debian:13
RUN curl -fsSLo /tmp/install.sh https://example.org/install.sh \
 && echo "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae  /tmp/install.sh" | sha256sum -c && sh /tmp/install.sh
RUN curl -fsSL https://example.org/data.json | python3 -c 'import sys' && sh other.sh
RUN curl -fsSL https://example.org/data.json | jq . | tee /data
RUN curl -fsSL https://example.org/list | sh -c 'cat'
RUN curl -o x https://example.org/x; sh y
