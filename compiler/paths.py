"""Owns lexical paths of images: cleaning and joining as Go's `path` package does.

Python's posixpath keeps two leading slashes and has no notion of a significant trailing one. It refuses to
look at any file system: symlinks are the executor's.
"""

from __future__ import annotations

import posixpath


def clean_path(path: str) -> str:
    """Go's path.Clean: `.` for the empty path, no trailing slash."""
    cleaned = posixpath.normpath(path) if path else "."
    return cleaned[1:] if cleaned.startswith("//") else cleaned


def absolute_path(path: str, base: str = "/") -> str:
    """The path cleaned below `base`; `..` never leads above the root."""
    return clean_path(path if path.startswith("/") else f"/{base}/{path}")


def has_trailing_slash(path: str) -> bool:
    """Whether a path says by its end that it is a directory (section 3.4)."""
    return path in ("", ".") or path.endswith(("/", "/."))


def destination_path(path: str, working_dir: str) -> str:
    """An absolute destination of COPY or ADD; a significant trailing slash is kept."""
    absolute = absolute_path(path, working_dir)
    return f"{absolute}/" if has_trailing_slash(path) and absolute != "/" else absolute
