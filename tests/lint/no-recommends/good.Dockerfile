FROM debian
RUN apt-get --no-install-recommends -y install a
RUN apt-get install -y -o APT::Install-Recommends=false a && apt-get update
