FROM node:24 AS web
WORKDIR /srv
COPY . .
RUN npm ci
FROM python:3.13
WORKDIR /app
COPY api ./
ENV A=1
RUN pip install -r requirements.txt
