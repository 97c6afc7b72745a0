FROM golang
RUN go install ./... && go install . && go install /src/tool && go run main.go arg
RUN go install -tags netgo -ldflags "-s -w" example.org/tool/cmd/tool@v1.2.3 && go build x
RUN go mod download && go run example.org/tool@v1 sub
