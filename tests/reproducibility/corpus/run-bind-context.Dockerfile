# stratum: mounts
FROM busybox
RUN --mount=type=bind,target=/src ls -lR /src/data > /listing && cat /src/data/words.txt | sort | uniq -c > /counted
RUN --mount=type=bind,source=scripts,target=/s awk -f /s/count.awk /s/entry.sh | sort > /words
