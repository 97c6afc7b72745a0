FROM scratch AS 1x
COPY a
ENV A=1 B
RUN --mont=type=cache,target=/x make
EXPOSE
USER me
