# lithify: ignore-file[stage-name-case]
FROM busybox
# hadolint ignore=LegacyKeyValueFormat, DL3064
ENV PASSWORD=1
