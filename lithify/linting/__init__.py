"""Checks of Dockerfiles as people ask for them: files, settings, reports."""
