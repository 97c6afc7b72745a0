# stratum: stages
FROM busybox AS source
COPY app /src/app
FROM source AS build
RUN mkdir /out && cat /src/app/*.py > /out/bundle.py
FROM scratch
COPY --from=build /out /
