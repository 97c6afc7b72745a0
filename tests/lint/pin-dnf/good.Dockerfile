FROM fedora
ENV V=9
RUN dnf -y install vim-enhanced-2:9.1.825-1.fc41 "a-$V" && dnf -y module install nodejs:20
RUN dnf -y group install web-server && dnf remove tar
