"""Owns the search for packages in an image: layer by layer as the tars stream by, never unpacked.

What a later layer hides or replaces is forgotten, so the result is what the merged file system holds. Everything is
bounded: sizes of files, numbers of packages. It refuses to fail over one bad file: that becomes a note.

Specification: OCI image-spec, layer, for whiteouts.
"""

from __future__ import annotations

import posixpath
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from lithify.cache.compression import open_plain
from lithify.executor.attest import apk, dpkg, gems, node, python, rpm
from lithify.executor.attest.gobinary import GoSearch, read_modules
from lithify.executor.attest.packages import Distribution, Package, read_os_release
from lithify.executor.entries import Kind
from lithify.executor.tarreader import read_tar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lithify.cache.ports import Layer
    from lithify.cache.store import Store
    from lithify.executor.attest.packages import Scanner
    from lithify.executor.tarreader import TarMember

SCANNERS = (dpkg.SCANNER, apk.SCANNER, python.SCANNER, node.SCANNER, gems.SCANNER)
_OS_RELEASE = ("etc/os-release", "usr/lib/os-release")
_MOST_PACKAGES = 200_000
_MOST_NOTES = 1000
_MOST_PROGRAM_BYTES = 2 * 1024 * 1024 * 1024
_CHUNK = 1024 * 1024
_EXECUTABLE = 0o111
_ELF = b"\x7fELF"


@dataclass(frozen=True, slots=True)
class Findings:
    """What is in an image. `notes` say what could not be looked at."""

    packages: tuple[Package, ...]
    distribution: Distribution
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Found:
    """What one file holds."""

    packages: tuple[Package, ...] = ()
    notes: tuple[str, ...] = ()
    distribution: Distribution | None = None


def scan_layers(store: Store, layers: Sequence[Layer]) -> Findings:
    """The packages of the merged file system, sorted. Raises NotFound, Corrupt, DigestMismatch, RegistryError."""
    known: dict[str, _Found] = {}
    for layer in layers:
        with (
            TemporaryDirectory(prefix="scan-", dir=store.tmp_dir()) as work,
            closing(open_plain(store.blobs, layer)) as stream,
        ):
            scan = _LayerScan(known, Path(work))
            for member in read_tar(stream, "the layer"):
                scan.see(member)
            while stream.read(_CHUNK):  # its digest is compared at the end
                pass
        known = scan.merged()
    return _findings(known)


def _findings(known: dict[str, _Found]) -> Findings:
    packages = sorted(package for one in known.values() for package in one.packages)
    notes = sorted(note for one in known.values() for note in one.notes)
    if len(packages) > _MOST_PACKAGES:
        notes.append(f"only {_MOST_PACKAGES} of {len(packages)} packages are listed")
    releases = (known[path].distribution for path in _OS_RELEASE if path in known)
    return Findings(
        tuple(packages[:_MOST_PACKAGES]),
        next((one for one in releases if one is not None), None) or Distribution(),
        tuple(notes[-_MOST_NOTES:]),
    )


class _LayerScan:
    """One layer over what is known of those below it."""

    def __init__(self, below: dict[str, _Found], work: Path) -> None:
        self._below = below
        self._folders = {parent for path in below for parent in _parents(path)}
        self._hidden: set[str] = set()
        self._own: dict[str, _Found] = {}
        self._work = work

    def see(self, member: TarMember) -> None:
        """Note what a member brings or hides."""
        entry = member.entry
        folder, name = posixpath.split(entry.path)
        if name == ".wh..wh..opq":
            self._hidden.add(f"{folder}/" if folder else "")
        elif name.startswith(".wh."):
            self._hide(posixpath.join(folder, name.removeprefix(".wh.")))
        elif entry.kind is Kind.DIRECTORY:
            if entry.path in self._below:
                self._hidden.add(entry.path)
        else:
            self._hide(entry.path)
            self._own.pop(entry.path, None)
            found = self._read(member)
            if found is not None:
                self._own[entry.path] = found

    def merged(self) -> dict[str, _Found]:
        """What is known of the file system with this layer."""
        kept = {path: one for path, one in self._below.items() if not self._is_hidden(path)}
        return {**kept, **self._own}

    def _hide(self, path: str) -> None:
        if path in self._below or path in self._folders:
            self._hidden |= {path, f"{path}/"}

    def _is_hidden(self, path: str) -> bool:
        folders = [f"{parent}/" for parent in _parents(path)]
        return any(one in self._hidden for one in (path, "", *folders))

    def _read(self, member: TarMember) -> _Found | None:
        entry = member.entry
        path = entry.path
        if entry.kind is Kind.HARDLINK:
            return self._own.get(entry.target) if _scanner(path) else None
        if entry.kind is not Kind.FILE:
            return None
        if reason := rpm.refused(path):
            return _Found(notes=(reason,)) if member.size else None
        if path in _OS_RELEASE:
            data = self._bytes(member, _CHUNK)
            return _Found(distribution=read_os_release(data)) if data is not None else None
        scanner = _scanner(path)
        if scanner is not None:
            data = self._bytes(member, scanner.most_bytes)
            if data is None:
                return _Found(notes=(f"/{path} is too large to be looked at",))
            return _made(scanner.read(path, data))
        if rpm.wants(path):
            return self._database(member)
        if entry.mode & _EXECUTABLE and member.size >= len(_ELF):
            return self._program(member)
        return None

    def _bytes(self, member: TarMember, most: int) -> bytes | None:
        if member.size > most:
            return None
        pieces: list[bytes] = []
        member.copy_to(pieces.append)
        return b"".join(pieces)

    def _database(self, member: TarMember) -> _Found:
        path = member.entry.path
        if member.size > rpm.MOST_BYTES:
            return _Found(notes=(f"/{path} is too large to be looked at",))
        file = self._work / "rpmdb.sqlite"
        with file.open("wb") as out:
            member.copy_to(out.write)
        try:
            return _made(rpm.read_database(path, file))
        except ValueError as error:
            return _Found(notes=(f"/{path} cannot be read: {error}",))

    def _program(self, member: TarMember) -> _Found | None:
        if member.size > _MOST_PROGRAM_BYTES:
            return None
        path = member.entry.path
        search = GoSearch()
        sink = _ElfOnly(search)
        member.copy_to(sink.write)
        search.finish()
        if search.info is not None:
            return _made(read_modules(path, *search.info))
        if search.is_old:
            note = f"/{path}: modules of programs of Go before 1.18 cannot be read"
            return _Found(notes=(note,))
        return None


@dataclass(slots=True)
class _ElfOnly:
    """Feeds a search, if the file is an ELF program at all."""

    search: GoSearch
    _start: bytes = field(default=b"")

    def write(self, data: bytes) -> None:
        self._start = self._start or data[: len(_ELF)]
        if self._start == _ELF:
            self.search.feed(data)


def _made(packages: Iterable[Package]) -> _Found:

    return _Found(tuple(islice(packages, _MOST_PACKAGES)))


def _scanner(path: str) -> Scanner | None:
    return next((one for one in SCANNERS if one.wants(path)), None)


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]
