"""Tables of rules by what they are about: names and marks only, so that knowing all rules costs no import."""
