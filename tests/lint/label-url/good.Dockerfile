FROM scratch
ARG HOME_PAGE=x
LABEL home="https://www.example.org/tool?x=1#%C3%A4" home2=x
LABEL home=mailto:team@example.org
LABEL home=$HOME_PAGE
