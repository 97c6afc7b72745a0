# stratum: metadata
FROM busybox
WORKDIR /srv
WORKDIR deep/er
WORKDIR /other/place
RUN pwd > here
