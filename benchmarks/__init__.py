"""Measurements of whole processes: `python -m benchmarks --help`."""
