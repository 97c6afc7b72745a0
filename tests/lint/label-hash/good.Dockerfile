FROM scratch
LABEL revision="0123456789abcdef0123456789abcdef01234567"
LABEL revision="0123abc"
