# lithify: ignore-file[legacy-key-value] they come from a template
FROM busybox
ENV A 1
# hadolint ignore=SC2086
RUN true
