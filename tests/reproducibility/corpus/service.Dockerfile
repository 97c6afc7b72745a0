# stratum: program
FROM busybox
RUN echo "app:x:500:" >> /etc/group && echo "app:x:500:500::/:/bin/sh" >> /etc/passwd && mkdir -p /var/lib/app && chown 500:500 /var/lib/app
COPY scripts/entry.sh /usr/local/bin/
COPY --chown=app:app conf/app.ini /etc/app.ini
USER app
WORKDIR /var/lib/app
RUN echo 1 > schema-version
VOLUME /var/lib/app
ENTRYPOINT ["entry.sh"]
CMD ["cat", "/etc/app.ini"]
