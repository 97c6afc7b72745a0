FROM debian:trixie-slim AS a
FROM debian AS b
FROM debian:13 AS c
FROM node:24-alpine AS d
FROM alpine:3.22 AS e
FROM alpine:3 AS f
FROM ubuntu:24.04 AS g
FROM example.org/debian:stretch AS h
FROM someone/node:14 AS i
FROM python:3 AS j
FROM golang:1.26-alpine3.22 AS k
FROM image-with-curl AS l
FROM ubuntu:22.04 AS m
FROM golang:1 AS n
FROM alpine:edge
