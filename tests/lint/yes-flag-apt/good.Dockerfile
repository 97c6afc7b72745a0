FROM debian
RUN apt-get install -y a && apt-get -qq install b && apt-get -q -q install c
RUN apt-get install -q=2 a && apt-get --quiet --quiet install c && apt-get update
