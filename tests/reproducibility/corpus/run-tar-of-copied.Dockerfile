# stratum: archive
FROM busybox
COPY app /app
RUN tar -cf /app.tar -C /app main.py __init__.py
