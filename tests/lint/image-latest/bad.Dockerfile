FROM busybox:latest
FROM registry.example.org:5000/base:latest AS b
