FROM debian
RUN curl -fsSL https://files.example.org/a -o /a
USER 1000
RUN true && \
    wget -q https://files.example.org/b
USER 1001
RUN curl -fsSL https://files.example.org/c -o /c
