FROM scratch
ENV A=1 \
    # a comment is no empty line
    B=2

COPY a b
