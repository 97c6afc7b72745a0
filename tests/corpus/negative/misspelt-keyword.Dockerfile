FROM scratch
CPOY app /srv/app
