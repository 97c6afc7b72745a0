FROM scratch
RUN --mount= x
RUN --mount=type=bind,\"a x
RUN --mount=from=$X,target=/y x
RUN --mount=a\"b x
RUN --network=nome x
RUN --security=relaxed x
