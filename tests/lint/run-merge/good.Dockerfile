FROM busybox
RUN echo one && echo two
RUN echo three && echo four
ENV X=1
RUN echo five
RUN --network=none echo six
