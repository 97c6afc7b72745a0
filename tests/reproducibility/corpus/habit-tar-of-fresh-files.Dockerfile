# stratum: habit
# differs: times in a tar archive
FROM busybox
RUN mkdir /fresh && echo new > /fresh/file && tar -czf /fresh.tar.gz -C / fresh
