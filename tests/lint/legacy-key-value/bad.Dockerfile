FROM scratch
ENV k v
LABEL k v
ENV multi \
    line value
