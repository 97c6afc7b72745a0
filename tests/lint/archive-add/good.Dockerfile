FROM busybox AS pack
COPY a.tar /a.tar
FROM busybox
COPY --from=pack /a.tar /tmp/
COPY b.tar.gz /srv/
COPY c.zip d.gz /tmp/
ADD e.tar /e
RUN tar -xf /tmp/a.tar && tar -xzf /opt/other.tar.gz && unzip /tmp/c.zip && gunzip /tmp/d.gz
RUN tar -cf /b.tar.gz /srv
