"""Owns what an editor asks about a Dockerfile that is being written: pure answers to a text and a place in it."""
