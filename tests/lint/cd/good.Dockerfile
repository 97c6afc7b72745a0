FROM busybox
WORKDIR /srv
RUN ls cd
ONBUILD RUN cd /srv && ls
CMD cd /srv && exec httpd
