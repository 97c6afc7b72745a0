FROM node:24 AS web
WORKDIR /srv
COPY package*.json ./
RUN npm ci
COPY . .
RUN npm run build
FROM node:24 AS whole
WORKDIR /srv
COPY . .
RUN npm ci && npm run build
FROM node:24 AS elsewhere
WORKDIR /other
COPY . /srv
RUN npm ci
FROM python:3.13 AS package
WORKDIR /app
COPY api ./
RUN pip install .
FROM node:24
WORKDIR /srv
COPY . .
RUN --mount=type=bind,source=package.json,target=/srv/package.json npm ci
