FROM node
RUN yarn install \
    --frozen-lockfile
