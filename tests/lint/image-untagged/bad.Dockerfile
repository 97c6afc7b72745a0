ARG NAME=team
FROM busybox AS one
FROM --platform=$BUILDPLATFORM registry.example.org:5000/team/base
FROM registry.example.org/$NAME/base
FROM debian$NAME
