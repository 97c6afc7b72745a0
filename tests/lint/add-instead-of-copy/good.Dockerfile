FROM scratch
ADD rootfs.tar.xz other.tzst /
ADD https://files.example.org/tool http://files.example.org/other /usr/bin/
ADD git@git.example.org:team/tool.git /src
ADD --unpack=true blob /srv/
COPY app.conf /etc/
