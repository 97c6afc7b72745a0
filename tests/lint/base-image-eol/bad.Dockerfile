FROM debian:stretch-slim AS a
FROM python:3.13-buster AS b
FROM node:14 AS c
FROM alpine:3.12 AS d
FROM ubuntu:18.04 AS e
FROM centos:7 AS f
FROM golang:1.19.3-alpine3.16 AS g
FROM image-of-old-debian AS h
FROM python:2 AS i
FROM php:7-fpm AS j
FROM node:24-alpine3.17
