FROM busybox
HEALTHCHECK --start-interval=2s CMD ["check"]
FROM busybox
HEALTHCHECK --start-period=2s --start-interval=5s CMD ["check"]
