FROM scratch
copy a /x
COPY b /y
Run ["/x"]
