ARG VERSION=3.20
ARG NOBODY=1
FROM alpine:$VERSION
RUN echo "built on $VERSION" > /etc/built-on
FROM busybox AS env
ENV MODE=a
ARG MODE=b
ARG COLOUR=red
ENV COLOUR=blue
RUN make
ARG LAST
CMD ["x"]
