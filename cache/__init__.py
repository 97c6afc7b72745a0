"""Content: everything named by its hash, and the records that point at it."""
