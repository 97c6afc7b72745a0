"""Normalisers: what a RUN writes that can't matter or can't be equal, removed from its layer."""
