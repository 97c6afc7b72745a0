# stratum: stages
FROM busybox AS never
RUN false
FROM busybox AS used
RUN echo used > /used
FROM scratch
COPY --from=used /used /
