FROM scratch
ENV k=v l="a b"
LABEL k=v
ONBUILD ENV k v
