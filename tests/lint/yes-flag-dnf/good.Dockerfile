FROM rockylinux
RUN dnf -y install bash && dnf install --assumeyes jq && dnf update
