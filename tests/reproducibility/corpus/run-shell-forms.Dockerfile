# stratum: run
FROM busybox
SHELL ["/bin/sh", "-eu", "-c"]
RUN echo one > /one
RUN ["/bin/sh", "-c", "echo two > /two"]
SHELL ["/bin/ash", "-c"]
RUN echo "three $0" > /three
