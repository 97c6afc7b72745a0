# stratum: c
# network: yes
FROM debian:bookworm AS build
RUN apt-get update && apt-get install -qqy --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY src .
RUN gcc -O2 -g -fPIC -shared -o libutil.so util.c && gcc -O2 -g -o answer main.c -L. -lutil
FROM debian:bookworm
COPY --from=build /src/libutil.so /usr/local/lib/
COPY --from=build /src/answer /usr/local/bin/
RUN ldconfig && answer > /answered
