FROM image-with-curl
RUN apt-get update && apt-get install --yes tree jq
RUN apt-get install --yes curl && apt-get purge --yes tree
FROM debian:13
RUN apt-get install --yes curl
