FROM scratch
ARG FILES=x
ADD app.conf /etc/
add --chown=1000 ["one file", "two.tar", "/srv/"]
ADD $FILES /srv/
