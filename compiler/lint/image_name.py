"""Owns the parts of an image name as written, variables and all.

The full parser of references refuses names with variables and fills in what is missing; rules want to know what was
written and what was not. It refuses to judge names.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_BRACES = re.compile(r"\$\{[^}]*\}")


class ImageName(NamedTuple):
    """`registry` is '' where none is written; so are `tag` and `digest`."""

    registry: str
    repository: str
    tag: str
    digest: str


def parse_image_name(text: str) -> ImageName:
    """Take a name apart: `[registry/]repository[:tag][@digest]`; of `${NAME:-...}` only `$` is kept."""
    name, _, digest = _BRACES.sub("$", text).partition("@")
    head, slash, last = name.rpartition("/")
    last, _, tag = last.partition(":")
    path = head + slash + last
    first, slash, rest = path.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return ImageName(first, rest, tag, digest)
    return ImageName("", path, tag, digest)
