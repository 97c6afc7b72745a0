FROM scratch
LABEL version="1.2"
LABEL version="v1.2.3"
LABEL version="1.02.3"
LABEL version="1.2.3-01"
