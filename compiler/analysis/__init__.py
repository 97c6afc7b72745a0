"""Questions about a plan that need no build: what depends on which file and which argument."""
