FROM debian
RUN apt-get update && apt-get install -y curl=7.88.1 ./tool.deb git/stable
RUN apt-get remove curl && env apt-get install curl
