FROM image-with-curl
RUN apt-get update && apt-get install --yes curl tree
RUN apt-get install --yes \
    jq \
    curl
