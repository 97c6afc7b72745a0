FROM scratch
VOLUME [""]
VOLUME []
