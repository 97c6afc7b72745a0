from scratch
copy a /x
run ["/x"]
