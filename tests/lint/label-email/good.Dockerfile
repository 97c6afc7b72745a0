FROM scratch
LABEL contact="first.last+tag@example.org"
LABEL contact="team@[127.0.0.1]"
