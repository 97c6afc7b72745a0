"""lithify: a Dockerfile compiler and build system with reproducible results."""

__version__ = "0.1.0"
