FROM scratch AS scratches
FROM scratch AS from-context
