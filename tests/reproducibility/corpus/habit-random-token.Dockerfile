# stratum: habit
# differs: random text
FROM busybox AS token
RUN head -c 24 /dev/urandom | base64 > /token
FROM busybox
COPY --from=token /token /etc/token
RUN cp /etc/token /etc/token.orig
