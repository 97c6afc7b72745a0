FROM scratch
LABEL Title="x" org..example="x" fine="y" my--label="y"
LABEL org.example.="x"
LABEL com.docker.thing="x"
LABEL 1st the one
LABEL ="x"
