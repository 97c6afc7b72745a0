FROM scratch AS a
WORKDIR /app
WORKDIR more
FROM a
WORKDIR even
