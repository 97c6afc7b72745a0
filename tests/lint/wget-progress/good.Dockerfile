FROM debian
RUN apt-get install -y wget && wget -qO /a https://files.example.org/a
RUN wget --progress=dot:giga https://files.example.org/b && wget -nv https://files.example.org/c
RUN wget -o log https://files.example.org/d
