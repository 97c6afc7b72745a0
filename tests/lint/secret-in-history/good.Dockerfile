FROM busybox AS builder
ARG API_TOKEN
RUN fetch $API_TOKEN
FROM busybox
ARG PUBLIC_KEY
RUN fetch $PUBLIC_KEY
RUN --mount=type=secret,id=API_TOKEN,env=API_TOKEN fetch --token "$API_TOKEN"
