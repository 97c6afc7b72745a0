FROM scratch
ENV =x
LABEL =x
ARG =x
ENV A
LABEL b
