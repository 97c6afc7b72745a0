FROM busybox
COPY package.json web /srv/
COPY --exclude=.git . /srv/
FROM alpine
COPY --from=busybox . /srv/
