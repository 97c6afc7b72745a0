FROM debian
RUN curl -fsSL https://files.example.org/a -o /a && apt-get install wget
FROM debian
RUN wget -q https://files.example.org/b
