FROM scratch
ARG WHO
LABEL author=" " license=MIT other="" contact=$WHO
