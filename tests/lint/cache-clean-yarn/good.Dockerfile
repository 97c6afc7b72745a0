FROM node AS build
RUN yarn install
FROM node
RUN yarn install && yarn cache clean --all
RUN --mount=type=cache,target=/usr/local/share/.cache/yarn yarn install
RUN yarn --frozen-lockfile
