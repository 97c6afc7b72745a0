# stratum: run
FROM busybox
RUN mkdir -p /root/.npm/_logs && date > "/root/.npm/_logs/$(date +%Y-%m-%dT%H_%M_%S)_000Z-debug-0.log" && echo done > /app
