"""Caches that travel: results of steps in a folder, a registry or an image, for other machines to take."""
