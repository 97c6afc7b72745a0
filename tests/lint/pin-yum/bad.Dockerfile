FROM rockylinux
RUN yum install -y gcc-c++ openssl-devel-3.0.7 \
    httpd
RUN yum install -y "httpd-${HTTPD_VERSION}" && yum module install -y nodejs
