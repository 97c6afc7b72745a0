ARG DEBUG
ARG SUFFIX=""
FROM --platform=$BUILDPLATFORM scratch${DEBUG} AS one
FROM scra${DEBUG:-tch} AS two
FROM scratch${SUFFIX-@bogus}
