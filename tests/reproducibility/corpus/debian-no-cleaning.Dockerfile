# stratum: apt
# network: yes
FROM debian:bookworm
RUN apt-get update
RUN apt-get install -y less tree
