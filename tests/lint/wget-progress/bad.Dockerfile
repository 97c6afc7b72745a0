FROM debian
RUN wget -O- https://files.example.org/a
RUN apt-get install -y wget && \
    wget https://files.example.org/b
