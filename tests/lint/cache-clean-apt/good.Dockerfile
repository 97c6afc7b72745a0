FROM debian AS build
RUN apt-get update && apt-get install -y gcc
FROM debian
RUN apt-get update && rm -rf /var/lib/apt/lists/* && find /tmp -delete
RUN apt-get update && rm -r -f /var/lib/apt/ && apt-get install /a.deb
RUN --mount=type=cache,target=/var/lib/apt apt-get update
RUN --mount=type=tmpfs,target=/var/lib/apt/lists/ apt-get update
RUN apt-get update && find /var/lib/apt/lists -type f -delete && apt-get install -y x
