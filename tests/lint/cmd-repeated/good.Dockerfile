FROM busybox:1.36 AS a
CMD ["one"]
FROM a
CMD ["two"]
