# stratum: program
# network: yes
FROM debian:bookworm
RUN apt-get update && apt-get install -qqy --no-install-recommends perl make zip && rm -rf /var/lib/apt/lists/*
COPY data /data
RUN perl -e 'my %h = map { $_ => 1 } "a".."z"; print join(",", keys %h), "\n"' > /hash \
 && cd /data && find . -type f -exec touch -d "@$SOURCE_DATE_EPOCH" {} + && find . -type f | sort | zip -qX@ /data.zip
