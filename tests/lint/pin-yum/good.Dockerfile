FROM rockylinux AS base
ARG HTTPD_VERSION=2.4
FROM base
RUN yum install -y "httpd-${HTTPD_VERSION}" openssl-devel-3.0.7 /tmp/tool.rpm
RUN yum module install -y nodejs:20
