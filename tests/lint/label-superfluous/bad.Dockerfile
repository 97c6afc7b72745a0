FROM scratch
LABEL author="team" extra="x" licence="MIT"
