FROM scratch AS base
COPY public.txt . /
FROM scratch
COPY --from=base /secret.txt /
ADD https://example.org/notes.md /
COPY <<notes.md /
x
notes.md
