FROM scratch AS a
ADD rootfs.tar.gz /
RUN make
FROM scratch AS b
COPY --from=busybox /bin /bin
RUN make
FROM scratch AS c
COPY server /usr/bin/
CMD ["server"]
FROM image-without-shell AS d
ENTRYPOINT ["/app/run"]
CMD ["serve"]
FROM image-with-curl AS e
HEALTHCHECK CMD curl -f http://localhost/
RUN make
CMD ["made"]
FROM busybox AS f
CMD ["whatever"]
FROM scratch
RUN --mount=from=busybox,target=/bin make
COPY lib /app
ENTRYPOINT ["/app/linked/run"]
