# check=experimental=all
# VERSION which one
ARG VERSION=1
# base is below all others
FROM scratch AS base
# a remark that is kept apart
#
ARG A=1
# baz is one of them
ARG foo=1 bar=2 baz=3
# no name, no rule
FROM scratch
