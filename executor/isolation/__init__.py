"""Isolation of processes: the Sandbox port and its backends."""
