# stratum: mounts
FROM busybox
RUN --mount=type=tmpfs,target=/scratch date > /scratch/now && ls /scratch > /seen
RUN --mount=type=secret,id=none,target=/run/none test ! -e /run/none && echo absent > /secret
