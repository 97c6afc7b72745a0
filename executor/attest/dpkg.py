"""Owns the package list of Debian and its kin: `status`, and `status.d` of images without dpkg.

Both hold paragraphs of fields (deb-control). It refuses packages that are only half there: `deinstall ok config-files` is
not installed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.executor.attest.packages import Package, Scanner

if TYPE_CHECKING:
    from collections.abc import Iterator

_FILE = re.compile(r"var/lib/dpkg/(?:status|status\.d/[^/]+)\Z")


def _wants(path: str) -> bool:
    return (
        path.startswith("var/lib/dpkg/status")
        and bool(_FILE.match(path))
        and not (path.endswith((".md5sums", ".list")))
    )


def _read(path: str, data: bytes) -> Iterator[Package]:
    for paragraph in re.split(r"\n[ \t]*\n", data.decode("utf-8", "replace")):
        fields = _fields(paragraph)
        name, version = fields.get("package", ""), fields.get("version", "")
        if not name or not version:
            continue
        if not fields.get("status", "install ok installed").endswith(" installed"):
            continue
        # `Source: glibc (2.36-9)` names a version only where it is another.
        source, _, other = fields.get("source", "").partition(" ")
        upstream = f"{source}@{other.strip('()')}" if other else source
        yield Package(
            "deb",
            name,
            version,
            path,
            arch=fields.get("architecture", ""),
            supplier=fields.get("maintainer", ""),
            source=upstream,
        )


def _fields(paragraph: str) -> dict[str, str]:
    """Field names in lower case; continuation lines are not needed."""
    fields: dict[str, str] = {}
    for line in paragraph.splitlines():
        if line and not line[0].isspace():
            name, colon, value = line.partition(":")
            if colon:
                fields.setdefault(name.lower(), value.strip())
    return fields


SCANNER = Scanner("dpkg", _wants, _read, 64 * 1024 * 1024)
