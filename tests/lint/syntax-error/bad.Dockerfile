FROM busybox
CPOY app /srv/app
RUN true
EXPOSE 99999
WORKDIR
