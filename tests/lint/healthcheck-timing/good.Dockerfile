FROM busybox
HEALTHCHECK --start-period=60s --start-interval=2s CMD ["check"]
FROM busybox
HEALTHCHECK --start-period=60s --interval=5s CMD ["check"]
FROM busybox
HEALTHCHECK NONE
