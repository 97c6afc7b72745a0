FROM debian:13
RUN curl -fsSLo /tmp/tool.tar.gz https://example.org/tool.tar.gz && tar -xzf /tmp/tool.tar.gz -C /opt
RUN curl -fsSL https://example.org/tool.tar.gz | tar -xz -C /opt
RUN wget https://example.org/kubectl && chmod +x kubectl && mv kubectl /usr/bin
RUN wget -q https://example.org/a.deb && dpkg -i a.deb
RUN cd /tmp && wget -O run https://example.org/run && ./run
