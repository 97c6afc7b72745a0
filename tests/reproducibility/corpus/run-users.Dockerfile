# stratum: users
FROM busybox
RUN echo 'crew:x:1234:' >> /etc/group && echo 'sailor:x:1234:1234::/home/sailor:/bin/sh' >> /etc/passwd \
 && mkdir -p /home/sailor && chown 1234:1234 /home/sailor
USER sailor
WORKDIR /home/sailor
RUN echo mine > note && mkdir box && id > box/id
USER root
RUN chown -R sailor:crew /home/sailor && chmod -R go-rwx /home/sailor
