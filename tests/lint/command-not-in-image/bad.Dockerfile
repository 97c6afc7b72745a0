FROM scratch
RUN make
FROM scratch
COPY --chmod=755 server /server
HEALTHCHECK CMD curl -f http://localhost/
ENTRYPOINT ["/sever"]
FROM image-without-shell
HEALTHCHECK CMD ["curl", "-f", "http://localhost/"]
CMD app
