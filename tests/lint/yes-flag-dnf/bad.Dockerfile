FROM rockylinux
RUN dnf install bash && \
    dnf \
      groupinstall web
