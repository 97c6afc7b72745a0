"""Owns installed Node packages: `package.json` of every package directly below a `node_modules`.

It refuses files deeper in a package: fixtures and sub-paths of one package are no packages of their own.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from lithify.executor.attest.packages import Package, Scanner

if TYPE_CHECKING:
    from collections.abc import Iterator

_FILE = re.compile(r"(?:.*/)?node_modules/(?:@[^/]+/)?[^/@.][^/]*/package\.json\Z", re.DOTALL)


def _wants(path: str) -> bool:
    return path.endswith("/package.json") and bool(_FILE.match(path))


def _read(path: str, data: bytes) -> Iterator[Package]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return
    if not isinstance(value, dict):
        return
    name, version = value.get("name"), value.get("version")
    if isinstance(name, str) and isinstance(version, str) and name and version:
        author = value.get("author")
        yield Package(
            "npm", name, version, path, license=_license(value), supplier=_text(author, "name")
        )


def _license(value: dict[str, Any]) -> str:
    """A string; or as older packages have it, an object or a list of them."""
    found = value.get("license") or value.get("licenses")
    if isinstance(found, list):
        return " OR ".join(text for text in (_text(one, "type") for one in found) if text)
    return _text(found, "type")


def _text(value: object, key: str) -> str:
    if isinstance(value, dict):
        value = value.get(key)
    return value if isinstance(value, str) else ""


SCANNER = Scanner("node", _wants, _read, 1024 * 1024)
