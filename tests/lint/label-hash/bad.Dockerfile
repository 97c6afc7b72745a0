FROM scratch
LABEL revision="0123abcd"
LABEL revision="zzzzzzz"
LABEL revision="0123ABC"
