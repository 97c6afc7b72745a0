FROM scratch
LABEL author=x home=https://x.example built=2024-05-06T07:08:09Z license=MIT revision=0123abc version=1.0.0 contact=a@b.example
