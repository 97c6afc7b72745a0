# stratum: stages
FROM busybox AS root
RUN echo root > /root.txt
FROM root AS left
RUN cat /root.txt > /left.txt
FROM root AS right
COPY data/numbers.csv /numbers.csv
RUN wc -l /numbers.csv > /right.txt
FROM scratch AS joined
COPY --from=left /left.txt /
COPY --from=right /right.txt /
FROM busybox
COPY --from=joined / /joined
