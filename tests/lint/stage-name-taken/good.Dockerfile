FROM busybox:1.36 AS Context
FROM busybox:1.36 AS scratchpad
FROM busybox:1.36
