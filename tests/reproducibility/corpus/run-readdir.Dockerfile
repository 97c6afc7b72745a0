# stratum: run
FROM busybox
COPY many /many
RUN find /many > /listed && ls -la /many > /long && du -a /many > /sizes
