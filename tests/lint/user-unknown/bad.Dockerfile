FROM scratch
COPY --chown=app server /server
USER nobody
FROM image-with-curl
RUN mkdir -p /data
USER app:app
