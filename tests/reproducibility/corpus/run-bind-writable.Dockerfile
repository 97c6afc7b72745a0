# stratum: mounts
FROM busybox
RUN --mount=type=bind,source=data,target=/work,rw cd /work && echo more >> words.txt && sort words.txt > /sorted
