FROM busybox AS a
COPY --chmod=755 start.sh /start.sh
ENTRYPOINT ["/start.sh"]
FROM busybox AS b
COPY start.sh /start.sh
RUN chmod +x /start.sh
ENTRYPOINT ["/start.sh"]
FROM busybox AS c
COPY good.sh start.sh /
ENTRYPOINT ["/good.sh"]
FROM busybox AS d
COPY start.sh /start.sh
ENTRYPOINT ["sh", "/start.sh"]
FROM busybox
COPY start.sh /start.sh
ENTRYPOINT ["sh"]
CMD ["/start.sh"]
