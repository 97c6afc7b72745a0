FROM busybox
COPY package.json clean/.npmrc clean/.env keys/public.pem tests /srv/
COPY ignored /srv/
COPY --from=alpine .npmrc /srv/
RUN --mount=type=secret,id=npmrc,target=/srv/.npmrc npm ci
