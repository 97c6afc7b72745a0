FROM image-with-onbuild
RUN a
