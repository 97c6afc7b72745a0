FROM scratch
\
\
