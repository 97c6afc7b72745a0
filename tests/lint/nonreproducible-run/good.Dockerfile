FROM busybox
ARG REF=v1
RUN wget https://example.org/tool/1.4.2/tool.tar https://example.org/latest-news
RUN git clone --depth 1 --branch v1.2 https://example.org/repo.git
RUN git clone -b $REF https://example.org/repo.git
RUN git clone https://example.org/repo.git && git -C repo checkout 0123abc
RUN date -u -d @0 && touch --date=now x && echo '$RANDOM is date'
RUN git config --global a b
