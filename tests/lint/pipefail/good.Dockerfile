FROM debian AS base
RUN echo 'one | two' || echo three
RUN ["bash", "-o", "pipefail", "-c", "a | b"]
RUN set -o pipefail && a | b
RUN <<EOF bash -eo pipefail
a | b
EOF
ONBUILD RUN a | b
SHELL ["/usr/local/bin/bash", "-euo", "pipefail", "-c"]
RUN a | b
FROM base
RUN a | b
FROM windows
SHELL ["powershell", "-Command"]
RUN Get-Process | Select-Object -First 1
