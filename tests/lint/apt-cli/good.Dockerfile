FROM debian
RUN apt-get update && apt-cache policy apt
