FROM busybox:1.36
ENTRYPOINT ["one"]
ENTRYPOINT ["two"]
RUN true
ENTRYPOINT ["three"]
