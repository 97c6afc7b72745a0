"""Comparison: what differs between two images, down to the member of an archive, and why it may."""
