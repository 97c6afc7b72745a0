FROM busybox
RUN wget https://example.org/tool/latest/tool.tar
RUN git clone https://example.org/repo.git && cd repo && make
RUN git clone --branch main https://example.org/repo.git
RUN date > /built && echo $RANDOM
RUN curl -o x https://example.org/archive/master.zip
RUN uuidgen > /etc/machine-id
