# hadolint global ignore=DL3005,SC2086
FROM busybox
# lithify: ignore[AVD-DS-0001, CKV_DOCKER_3, undefined-var] a reason
RUN true
# check=skip=TheirNewestRule
RUN false
