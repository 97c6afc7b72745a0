FROM busybox
RUN echo one
# a remark
RUN echo two
RUN echo three \
    and more
RUN echo four && true
ENV A=1
RUN --network=none a
RUN --network=none b
