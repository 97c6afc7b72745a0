# stratum: stages
FROM busybox AS base
RUN mkdir /out
FROM base AS a
RUN sleep 0.2 && echo a > /out/a
FROM base AS b
RUN echo b > /out/b
FROM base AS c
RUN sleep 0.1 && echo c > /out/c
FROM busybox
COPY --from=a /out /out
COPY --from=b /out /out
COPY --from=c /out /out
RUN cat /out/* > /sum
