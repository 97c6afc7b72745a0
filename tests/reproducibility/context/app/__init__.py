"""A small program."""
