FROM busybox
COPY notes.txt /root/notes.txt
RUN rm /root/notes.txt
RUN --mount=type=secret,id=token TOKEN="$(cat /run/secrets/token)" fetch
RUN --mount=type=secret,id=npmrc,target=/npmrc cp /npmrc /root/.npmrc && npm ci && rm /root/.npmrc
RUN --mount=type=secret,id=token --mount=type=tmpfs,target=/work cat /run/secrets/token > /work/token
RUN --mount=type=secret,id=token cat /run/secrets/token | login --stdin
RUN rm -f /root/.ssh/id_ed25519
