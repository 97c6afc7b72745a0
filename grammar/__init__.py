"""Text to tree and back: the Dockerfile language, pure and without effects."""
