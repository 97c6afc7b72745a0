FROM busybox:1.36
CMD ["one"]
CMD ["two"]
RUN true
CMD ["three"]
