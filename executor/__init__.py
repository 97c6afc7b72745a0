"""Plan to image: the only place where builds have effects."""
