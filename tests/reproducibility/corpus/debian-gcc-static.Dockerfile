# stratum: c
# network: yes
FROM debian:bookworm AS build
RUN apt-get update && apt-get install -qqy --no-install-recommends gcc libc6-dev make && rm -rf /var/lib/apt/lists/*
COPY src /src
RUN make -C /src CFLAGS='-O2 -g' LDFLAGS=-static install PREFIX=/out
FROM scratch
COPY --from=build /out /
COPY --from=build /src/libutil.a /lib/
CMD ["/bin/answer"]
