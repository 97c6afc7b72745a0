FROM debian:13
ARG GIT_COMMIT
ARG BUILD_DATE=now OTHER=1
RUN apt-get update && apt-get install --yes curl && rm -rf /var/lib/apt/lists/*
LABEL commit=$GIT_COMMIT date=$BUILD_DATE
