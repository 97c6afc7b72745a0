# hadolint global ignore=DL9999, stage-name-csae
FROM busybox
# lithify: ignore[undefind-var,DL3006] a reason
RUN true
