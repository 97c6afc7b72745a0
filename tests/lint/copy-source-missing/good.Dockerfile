FROM busybox
ARG FOLDER=src
ARG UNKNOWN
COPY setup.py src empty link/below /srv/
COPY setup.py poetry.lock* /srv/
COPY $FOLDER/app.py /srv/
COPY $UNKNOWN/x /srv/
COPY target/app.jar /srv/
COPY made.txt /srv/
COPY .git/config /srv/
COPY *.py ./src/*.py /srv/
ADD https://example.org/x /srv/
COPY --from=alpine /none /srv/
COPY <<here /srv/
x
here
COPY / /srv/
COPY --parents src/./app.py /srv/
