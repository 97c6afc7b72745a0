# stratum: habit
# differs: date in a text
FROM busybox
RUN echo "built on $(date)" > /etc/build-info
