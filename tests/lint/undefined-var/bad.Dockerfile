FROM scratch
COPY $foo .
ARG foo=bar
ENV PATH=$PAHT:/tmp/bin A=$A B=${A:-1}
USER ${WHO:-app}
LABEL arch=$TARGETARCH
COPY <<EOF /x
$inside
EOF
RUN --mount=type=cache,target=/c/$place ["/x"]
ARG EARLY=$LATE LATE=1
VOLUME ["/$v"]
