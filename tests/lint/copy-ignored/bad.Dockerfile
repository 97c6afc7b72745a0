FROM scratch
ARG NAME=secret.txt
COPY ./secret.txt public.txt /
ADD notes.md /
COPY $NAME logs/today.md /x/
COPY /logs /y
