"""Checks of Dockerfiles: an engine, and one module for each rule."""
