"""Base images made without any registry, from the machine's own packages."""
