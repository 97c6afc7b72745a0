FROM debian:13
RUN curl -fsSLo /tmp/tool.tar.gz https://example.org/tool.tar.gz \
 && echo "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae  /tmp/tool.tar.gz" | sha256sum -c - && tar -xzf /tmp/tool.tar.gz -C /opt
RUN wget https://example.org/a.txt && chmod 644 a.txt && cat a.txt
RUN wget https://example.org/a.asc && gpg --import a.asc
RUN curl -fsSL https://example.org/install.sh | sh
RUN curl -fsS http://localhost/health
RUN tar -xzf local.tar.gz
