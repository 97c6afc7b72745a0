# stratum: npm
# network: yes
FROM debian:bookworm
RUN apt-get update && apt-get install -qqy --no-install-recommends ca-certificates curl nodejs && rm -rf /var/lib/apt/lists/*
ARG NPM_VERSION=9.9.4
RUN --mount=type=secret,id=ca,target=/run/ca.crt \
    mkdir -p /usr/local/lib/node_modules/npm \
 && curl -fsSL $([ ! -s /run/ca.crt ] || echo --cacert /run/ca.crt) "https://registry.npmjs.org/npm/-/npm-$NPM_VERSION.tgz" \
  | tar -xz --strip-components=1 --no-same-owner -C /usr/local/lib/node_modules/npm \
 && ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
WORKDIR /app
COPY web/package.json .
RUN --mount=type=secret,id=ca,target=/run/ca.crt \
    if [ -s /run/ca.crt ]; then export NODE_EXTRA_CA_CERTS=/run/ca.crt; fi; \
    npm install --omit=dev --no-audit --no-fund --no-update-notifier && rm -rf /root/.npm
COPY web/main.js .
RUN node main.js > /checked
