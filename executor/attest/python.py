"""Owns installed Python distributions: `*.dist-info/METADATA` and the older `*.egg-info`.

Only the headers are read, which end at the first empty line (Core metadata specification). It refuses to look at what
is merely vendored without metadata.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.executor.attest.packages import Package, Scanner

if TYPE_CHECKING:
    from collections.abc import Iterator

_FILE = re.compile(r"[^/]+\.dist-info/METADATA|[^/]+\.egg-info(?:/PKG-INFO)?")
_LONGEST_LICENSE = 100


def _wants(path: str) -> bool:
    if not path.endswith(("-info/METADATA", "-info/PKG-INFO", ".egg-info")):
        return False
    return bool(_FILE.fullmatch("/".join(path.split("/")[-2:])) or path.endswith(".egg-info"))


def _read(path: str, data: bytes) -> Iterator[Package]:
    fields: dict[str, str] = {}
    for line in data.decode("utf-8", "replace").splitlines():
        if not line.strip():
            break
        name, colon, value = line.partition(":")
        if colon and not line[0].isspace():
            fields.setdefault(name.lower(), value.strip())
    if not fields.get("name") or not fields.get("version"):
        return
    license_ = fields.get("license-expression") or fields.get("license", "")
    yield Package(
        "pypi",
        fields["name"],
        fields["version"],
        path,
        license=license_ if len(license_) <= _LONGEST_LICENSE else "",
        supplier=fields.get("author") or fields.get("author-email", ""),
    )


SCANNER = Scanner("python", _wants, _read, 1024 * 1024)
