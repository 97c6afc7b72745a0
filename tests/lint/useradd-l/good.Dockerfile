FROM debian
RUN useradd -l -u 1234567 a && useradd --no-log-init --uid 1234567 b && useradd -u 1000 c
RUN useradd -m d && adduser -u 1234567 e
