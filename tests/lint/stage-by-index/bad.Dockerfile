FROM busybox
RUN a
FROM busybox AS second
RUN b
FROM scratch
COPY --from=0 /a /a
COPY --from=1 /b /b
COPY --chmod=755 --from=0 /c /c
