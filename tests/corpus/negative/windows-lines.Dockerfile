FROM scratch
COPPY a b
ENV A=1 B\
C
