# hadolint global ignore=DL3006
# hadolint shell=/bin/bash
# we ignore=nothing
FROM busybox
