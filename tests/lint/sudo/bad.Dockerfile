FROM debian
RUN sudo apt-get install curl
RUN true \
    && sudo -u app \
       touch /etc/marker
ONBUILD RUN sudo true
