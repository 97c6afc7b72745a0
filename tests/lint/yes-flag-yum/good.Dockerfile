FROM rockylinux
RUN yum -y install bash && yum install --assumeyes jq && yum update
