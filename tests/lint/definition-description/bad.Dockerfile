# check=experimental=InvalidDefinitionDescription
# something else about it
ARG VERSION=1
# a free remark

FROM scratch AS base
# neither
ARG a=1 b=2
