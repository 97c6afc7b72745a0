"""Filesystems of steps: layers unpacked, stacked and compared."""
