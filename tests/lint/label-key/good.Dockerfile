FROM scratch
ARG KEY=a
LABEL maintainer="team" org.example.image-title="x" org.example.v2="y"
LABEL "a"="b" $KEY="c" x=
