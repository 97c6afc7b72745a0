# stratum: run
FROM busybox AS full
RUN for name in a b c d; do mkdir -p /t/$name && echo $name > /t/$name/file; done
FROM full
RUN rm -r /t/a && rm /t/b/file && rm -r /t/c && echo now a file > /t/c
RUN rm -r /t/d && mkdir /t/d && echo fresh > /t/d/new
