FROM rockylinux
RUN yum install bash && \
    yum \
      groupinstall web
