FROM busybox
COPY . /srv/
ADD ./ /srv/
