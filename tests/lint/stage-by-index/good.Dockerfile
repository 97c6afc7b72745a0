FROM busybox AS first
RUN a
FROM scratch
COPY --from=first /a /a
COPY --from=busybox /bin/sh /sh
