FROM busybox:1.36
SHELL ["/bin/ash", "-c"]
HEALTHCHECK --interval=10s CMD wget -q http://127.0.0.1/
ENTRYPOINT ["a", "b"
CMD echo "$HOME"
