"""Owns which files belong to which package, as package managers write it down.

Debian keeps a list of paths for each package, Alpine one file for all, Python a RECORD in each distribution; Node and
Ruby give every package a folder. It refuses to guess where nothing is written: such a package has no size.

Specification: dpkg file lists, apk-package format v2, recording installed projects (PyPA).
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from lithify.executor.tarreader import clean_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lithify.executor.attest.packages import Package
    from lithify.executor.contents import Contents, File, Folder

#: What a list says: the package ('' where its place says it) and the paths of its files.
Owned = tuple[tuple[str, tuple[str, ...]], ...]

MOST_BYTES = 64 * 1024 * 1024
_DPKG = re.compile(r"var/lib/dpkg/(?:info/([^/]+)\.list|status\.d/([^/]+)\.md5sums)\Z")
_APK = re.compile(r"(?:usr/)?lib/apk/db/installed\Z")
_RECORD = ".dist-info/RECORD"


class PackageSize(NamedTuple):
    """A package with the bytes of its files; None where nothing says which they are."""

    kind: str
    name: str
    version: str
    size_bytes: int | None


def wants(path: str) -> bool:
    """Whether a file lists what belongs to a package."""
    return path.endswith(_RECORD) or bool(_DPKG.match(path) or _APK.match(path))


def read_owned(path: str, data: bytes) -> Owned:
    """What such a file says; less for bad content, never an error."""
    text = data.decode("utf-8", "surrogateescape")
    if path.endswith(_RECORD):
        return (("", tuple(_record(posixpath.dirname(posixpath.dirname(path)), text))),)
    found = _DPKG.match(path)
    if found is None:
        return tuple(_apk(text))
    lines = text.splitlines()
    if found[2]:
        lines = [line.partition("  ")[2] for line in lines]
    name = (found[1] or found[2]).partition(":")[0]
    return ((name, tuple(clean_path(line) for line in lines if line)),)


def _record(folder: str, text: str) -> Iterator[str]:
    import csv

    try:
        for row in csv.reader(text.splitlines()):
            if row and row[0]:
                absolute = row[0].startswith("/")
                yield clean_path(row[0] if absolute else f"{folder}/{row[0]}")
    except csv.Error:
        return


def _apk(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for paragraph in text.split("\n\n"):
        name, folder, paths = "", "", []
        for line in paragraph.splitlines():
            letter, _, value = line.partition(":")
            if letter == "P":
                name = value
            elif letter == "F":
                folder = value
            elif letter == "R":
                paths.append(clean_path(f"{folder}/{value}"))
        if name:
            yield name, tuple(paths)


def package_sizes(packages: Sequence[Package], contents: Contents) -> tuple[PackageSize, ...]:
    """Each package with its size, the largest first, then by name; programs of Go as one each."""
    lists = _Lists(contents)
    rows: dict[PackageSize, None] = {}
    for one in packages:
        is_program = one.kind == "golang"
        name, version = (f"/{one.place}", "") if is_program else (one.name, one.version)
        rows[PackageSize(one.kind, name, version, lists.size(one))] = None
    return tuple(sorted(rows, key=lambda row: (-(row.size_bytes or 0), row[:3])))


class _Lists:
    """The lists in a file system, found once."""

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._folders = contents.folder_sizes()
        self._by_name: dict[tuple[str, str], tuple[str, ...]] = {}
        for path, file in contents.files():
            kind = "apk" if _APK.match(path) else "deb"
            for name, paths in file.owned:
                self._by_name[kind, name or path] = paths

    def size(self, package: Package) -> int | None:
        place = package.place
        above = posixpath.dirname(place)
        match package.kind:
            case "deb" | "apk":
                return self._listed(package.kind, package.name)
            case "pypi":
                return self._listed("deb", f"{above}/RECORD")
            case "npm":
                inner = self._folders.get(f"{above}/node_modules", 0)
                return self._folders.get(above, 0) - inner
            case "gem":
                stem = posixpath.basename(place).removesuffix(".gemspec")
                return self._folders.get(posixpath.join(posixpath.dirname(above), "gems", stem))
            case "golang":
                return _bytes((self._contents.find(place),))
            case _:
                return None

    def _listed(self, kind: str, name: str) -> int | None:
        paths = self._by_name.get((kind, name))
        return None if paths is None else _bytes(map(self._contents.find, paths))


def _bytes(found: Iterable[Folder | File | None]) -> int:
    """The bytes of the files among what was found, each once whatever its names."""
    files = {id(one): one for one in found if one is not None}
    return sum(getattr(one, "size_bytes", 0) for one in files.values())
