FROM rockylinux
RUN yum clean all && yum install -y \
    bash
RUN yum install -y bash && rm -rf /tmp/work
