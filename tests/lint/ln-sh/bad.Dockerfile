FROM debian
RUN true && \
    ln -sf /bin/bash /bin/sh
