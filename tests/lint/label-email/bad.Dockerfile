FROM scratch
LABEL contact="Team <team@example.org>"
LABEL contact="team at example.org"
LABEL contact="team@@example.org"
