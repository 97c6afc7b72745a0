FROM busybox
RUN apk add vim=9 && echo ps
CMD ["top"]
