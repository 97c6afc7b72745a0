FROM debian
RUN apt-get install -y --no-install-recommends a && apt-get \
    install -y b
