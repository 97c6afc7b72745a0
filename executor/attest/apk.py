"""Owns the package list of Alpine and its kin: `lib/apk/db/installed`.

One letter a field, an empty line between packages (apk-package format v2). It refuses to list files.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.executor.attest.packages import Package, Scanner

if TYPE_CHECKING:
    from collections.abc import Iterator

_FILE = re.compile(r"(?:usr/)?lib/apk/db/installed\Z")


def _wants(path: str) -> bool:
    return path.endswith("apk/db/installed") and bool(_FILE.match(path))


def _read(path: str, data: bytes) -> Iterator[Package]:
    for paragraph in data.decode("utf-8", "replace").split("\n\n"):
        fields: dict[str, str] = {}
        for line in paragraph.splitlines():
            letter, colon, value = line.partition(":")
            if colon and len(letter) == 1:
                fields.setdefault(letter, value.strip())
        if fields.get("P") and fields.get("V"):
            yield Package(
                "apk",
                fields["P"],
                fields["V"],
                path,
                arch=fields.get("A", ""),
                license=fields.get("L", ""),
                supplier=fields.get("m", ""),
                source=fields.get("o", ""),
            )


SCANNER = Scanner("apk", _wants, _read, 64 * 1024 * 1024)
