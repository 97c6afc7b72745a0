FROM scratch
LABEL version="1.2.3-rc.1+build.05"
LABEL version="0.0.0"
