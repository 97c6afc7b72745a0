FROM rockylinux
RUN yum install -y bash && yum clean all
RUN yum install -y bash && rm -rf /var/cache/yum
