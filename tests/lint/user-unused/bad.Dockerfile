FROM debian:13
RUN groupadd -r app && useradd --system --gid app --home-dir /srv app && chown app /srv
CMD ["serve"]
