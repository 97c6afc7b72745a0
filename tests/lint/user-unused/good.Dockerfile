FROM debian:13 AS builder
RUN useradd app
FROM debian:13 AS used
RUN useradd app
USER app
CMD ["serve"]
FROM debian:13 AS switched
RUN useradd app
ENTRYPOINT ["gosu", "app", "serve"]
FROM debian:13
RUN useradd app && su app -c make
CMD ["serve"]
