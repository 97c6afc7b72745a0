# stratum: copy
FROM busybox
RUN mkdir -p /srv/app && echo base > /srv/app/base
COPY --link app /srv/app
COPY --link --chown=12:34 conf /srv/conf
