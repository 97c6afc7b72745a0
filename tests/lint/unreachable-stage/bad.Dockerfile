FROM busybox AS base
RUN a
FROM base
RUN b
# what nobody wants
FROM base AS forgotten
RUN c
FROM base AS result
CMD ["d"]
