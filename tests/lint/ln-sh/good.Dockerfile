FROM debian
SHELL ["/bin/bash", "-c"]
RUN ln -s /bin/bash /usr/local/bin/bash && rm /bin/sh
