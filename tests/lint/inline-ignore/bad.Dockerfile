# hadolint ignore=DL3006
FROM busybox
# lithify: ignore[user-root-last] it binds a low port
USER 0
# hadolint ignore = DL3000,DL3066
WORKDIR /srv
