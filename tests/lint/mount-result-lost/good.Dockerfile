FROM rust:1.90 AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/src/target cargo build --release && cp target/release/app /app
FROM rust:1.90 AS again
WORKDIR /src
RUN --mount=type=cache,target=/src/target cargo build --release
RUN cargo build --release
FROM rust:1.90 AS copied
WORKDIR /src
RUN --mount=type=cache,target=/src/target make
COPY out /src/target/release
FROM debian:13
COPY --from=build /app /usr/bin/app
COPY --from=again /src/target/release/app /usr/bin/again
COPY --from=copied /src/target/release/app /usr/bin/copied
