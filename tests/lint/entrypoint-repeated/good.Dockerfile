FROM busybox:1.36 AS a
ENTRYPOINT ["one"]
FROM a
ENTRYPOINT ["two"]
