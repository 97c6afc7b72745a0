# stratum: metadata
ARG BASE=busybox
FROM ${BASE}
ARG COLOUR=teal
ARG TARGETARCH
RUN echo "$COLOUR on $TARGETARCH" > /chosen && env | sort > /environment
