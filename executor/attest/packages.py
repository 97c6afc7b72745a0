"""Owns what a scanner finds: a package with where it was found, and its package URL.

All scanners speak in this one type, so that the document knows no package manager. It refuses to judge licences.

Specification: package-url (purl), the types deb, apk, rpm, pypi, npm, gem and golang.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_OS_KINDS = ("deb", "apk", "rpm")


class Package(NamedTuple):
    """An installed package. `kind` is its purl type; `place` the file that says so; '' is not known."""

    kind: str
    name: str
    version: str
    place: str
    arch: str = ""
    epoch: str = ""
    license: str = ""
    supplier: str = ""
    source: str = ""


class Scanner(NamedTuple):
    """Reads one kind of file. `wants` sees only the path; `read` never raises for bad content, it finds less.

    `most_bytes` bounds the files that are read at all."""

    name: str
    wants: Callable[[str], bool]
    read: Callable[[str, bytes], Iterator[Package]]
    most_bytes: int


class Distribution(NamedTuple):
    """Of os-release: ID, VERSION_ID and PRETTY_NAME."""

    id: str = ""
    version: str = ""
    title: str = ""

    @property
    def tag(self) -> str:
        """Such as `debian-12`, the purl qualifier `distro`."""
        return "-".join(part for part in (self.id, self.version) if part)


def purl(package: Package, distribution: Distribution) -> str:
    """The package URL, in canonical form."""
    namespace, name = "", package.name
    qualifiers: dict[str, str] = {}
    if package.kind in _OS_KINDS:
        namespace = distribution.id
        qualifiers = {
            "arch": package.arch,
            "distro": distribution.tag,
            "epoch": package.epoch,
            "upstream": package.source,
        }
    elif package.kind == "pypi":
        name = re.sub(r"[-_.]+", "-", name).lower()
    elif package.kind in ("npm", "golang"):
        namespace, _, name = name.rpartition("/")
    parts = [quote(part, safe="") for part in namespace.split("/") if part]
    path = "/".join((package.kind, *parts, quote(name, safe="")))
    version = f"@{quote(package.version, safe=':')}" if package.version else ""
    shown = "&".join(f"{k}={quote(v, safe=':')}" for k, v in sorted(qualifiers.items()) if v)
    return f"pkg:{path}{version}{'?' + shown if shown else ''}"


def read_os_release(data: bytes) -> Distribution:
    """The distribution that an os-release file names (freedesktop.org, os-release)."""
    values = {}
    for line in data[: 64 * 1024].decode("utf-8", "replace").splitlines():
        key, equals, value = line.strip().partition("=")
        if equals and not key.startswith("#"):
            values[key] = value.strip("\"'")
    return Distribution(
        values.get("ID", ""), values.get("VERSION_ID", ""), values.get("PRETTY_NAME", "")
    )
