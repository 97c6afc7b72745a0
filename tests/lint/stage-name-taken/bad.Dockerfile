FROM busybox:1.36 AS scratch
FROM busybox:1.36 AS context
