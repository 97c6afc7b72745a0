ARG GLOBAL=1
FROM scratch AS base
ARG foo=Dockerfile
ARG declared GLOBAL TARGETARCH
ENV PATH=$PATH:/bin X=\$five Y='$six'
FROM base
COPY $foo .
USER $declared
LABEL x=$X g=$GLOBAL a=$TARGETARCH
RUN echo $nowhere
CMD ["$nowhere"]
EXPOSE ${PORT:-80}
COPY <<"EOF" /x
$inside
EOF
ARG one=1 two=$one
