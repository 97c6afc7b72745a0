FROM debian:13
RUN curl -fsSL https://example.org/install.sh | sh
RUN wget -qO- https://example.org/install.sh | sudo -E bash -s -- --yes
RUN bash -c "$(curl -fsSL https://example.org/install.sh)"
RUN curl -fsSLo install.sh https://example.org/install.sh && chmod +x install.sh && sh ./install.sh
RUN curl -sSL https://example.org/get.py | python3 -
