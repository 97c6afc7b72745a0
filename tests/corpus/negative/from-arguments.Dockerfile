FROM busybox AS
FROM
FROM a b c
