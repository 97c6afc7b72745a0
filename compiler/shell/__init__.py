"""The shell language inside of Dockerfiles: scripts as commands with places."""
