FROM scratch
COPY --link=yes x y
ADD --link= x y
ADD --chown x y
