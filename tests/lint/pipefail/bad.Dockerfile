FROM debian
RUN curl https://files.example.org/a \
  | tar -x
SHELL ["/bin/bash", "-c"]
RUN n="$(echo one | wc -l)" && echo "$n"
RUN <<EOF
a | b
EOF
