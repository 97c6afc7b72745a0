"""Owns installed Ruby gems: the specifications that RubyGems writes at installation.

They are Ruby source, but written by a program in one form, so assignments of literals are enough. It refuses to run them.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from lithify.executor.attest.packages import Package, Scanner

if TYPE_CHECKING:
    from collections.abc import Iterator

_FIELD = re.compile(
    r"^\s*\w+\.(name|version|licenses?|authors?)\s*=\s*(?:Gem::Version\.new[ (]?)?(.{1,500})",
    re.MULTILINE,
)
_STRING = re.compile(r"\"([^\"\\#]*)\"|'([^'\\]*)'")


def _wants(path: str) -> bool:
    return path.endswith(".gemspec") and "/specifications/" in f"/{path}"


def _read(path: str, data: bytes) -> Iterator[Package]:
    fields: dict[str, list[str]] = {}
    for match in _FIELD.finditer(data.decode("utf-8", "replace")):
        strings = [one[1] or one[2] or "" for one in _STRING.finditer(match[2])]
        fields.setdefault(match[1].rstrip("s"), strings)
    name = "".join(fields.get("name", [])[:1])
    version = "".join(fields.get("version", [])[:1])
    if not name or not version:  # the file's name says it as well
        stem = posixpath.basename(path).removesuffix(".gemspec")
        name, _, version = stem.rpartition("-")
    if name and version:
        yield Package(
            "gem",
            name,
            version,
            path,
            license=" OR ".join(fields.get("license", [])),
            supplier=", ".join(fields.get("author", [])),
        )


SCANNER = Scanner("gems", _wants, _read, 1024 * 1024)
