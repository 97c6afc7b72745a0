"""Owns the command line: arguments become requests, events and results become text, errors exit statuses.

It exists apart from the engine so that every ability of it is a library first. It refuses any logic of building.
"""
