FROM busybox
COPY . /srv/
COPY keys/server.key package.json /etc/
ADD .npmrc /srv/
