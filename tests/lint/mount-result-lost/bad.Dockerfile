FROM rust:1.90 AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/src/target cargo build --release
RUN --mount=type=tmpfs,target=/scratch make
FROM debian:13
COPY --from=build /src/target/release/app /usr/bin/app
COPY --from=build /scratch /scratch
