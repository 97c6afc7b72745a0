FROM scratch
COPY --from=a \
  # why
  --chwon=1:2 \
  a b
