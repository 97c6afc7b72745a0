FROM busybox:1.36 AS one
FROM busybox
