FROM scratch
LABEL author="" license= other=""
