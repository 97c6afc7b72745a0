FROM scratch
COPY --chown=a --chown=b x y
