FROM scratch as one
FROM scratch AS two
FROM scratch As three
