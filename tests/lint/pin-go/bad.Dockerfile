FROM golang
RUN go install example.org/a@v1 example.org/tool@latest
RUN go get -tags netgo \
    example.org/lib
RUN go run example.org/tool@v1 sub && go run example.org/other
