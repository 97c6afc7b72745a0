# a header
ARG V=1
RUN true
CMD ["x"]
FROM busybox:1.36
