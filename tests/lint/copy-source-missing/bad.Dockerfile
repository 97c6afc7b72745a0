FROM busybox
COPY setpu.py /srv/
COPY src/app.py src/missing /srv/
ADD ../shared /srv/shared
COPY *.java /srv/
COPY notes.txt /srv/
