FROM debian
RUN apt-get -q install curl && \
    apt-get --no-install-recommends \
      install jq
ONBUILD RUN apt-get install curl
