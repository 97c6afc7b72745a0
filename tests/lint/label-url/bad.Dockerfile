FROM scratch
LABEL home=www.example.org
LABEL home="https://example.org/a b"
