"""Owns the canonical layer form, version 1: entries in, one possible tar out.

It exists so that a layer's bytes are a function of what a step did: order, links, names and times
are imposed here, whoever the entries come from. It refuses to look at a file system and to compress
anything.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lithify.cache.oci import MEDIA_LAYER
from lithify.cache.ports import Layer
from lithify.errors import BuildError
from lithify.executor import tarheader
from lithify.executor.entries import Entry, Kind
from lithify.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Protocol

    from lithify.cache.ports import BlobStore

    class HasBlobs(Protocol):
        """What of a store the layer maker needs."""

        @property
        def blobs(self) -> BlobStore: ...


#: Version of the canonical form; it changes whenever the bytes of some layer would.
FORM_VERSION = 1
WHITEOUT_PREFIX = ".wh."
OPAQUE_NAME = ".wh..wh..opq"

_FLUSH_BYTES = 256 * 1024
_LONGEST_PATH = 4095
_TYPES = {
    Kind.FILE: tarheader.FILE,
    Kind.HARDLINK: tarheader.HARDLINK,
    Kind.SYMLINK: tarheader.SYMLINK,
    Kind.CHARACTER: tarheader.CHARACTER,
    Kind.BLOCK: tarheader.BLOCK_DEVICE,
    Kind.DIRECTORY: tarheader.DIRECTORY,
    Kind.FIFO: tarheader.FIFO,
    Kind.WHITEOUT: tarheader.FILE,
    Kind.OPAQUE: tarheader.FILE,
}


def is_kept_xattr(name: str) -> bool:
    """Whether layers carry an extended attribute: `security.capability` and `user.*`.

    `user.overlay.*` steers overlay mounts and `=` can't stand in a PAX key; both are left out."""
    if name == "security.capability":
        return True
    return name.startswith("user.") and not name.startswith("user.overlay.") and "=" not in name


def tar_name(entry: Entry) -> bytes:
    """The entry's name in the tar, without a directory's slash (OCI image-spec, layer,
    whiteouts)."""
    path = entry.path
    if entry.kind is Kind.WHITEOUT:
        directory, slash, name = path.rpartition("/")
        path = f"{directory}{slash}{WHITEOUT_PREFIX}{name}"
    elif entry.kind is Kind.OPAQUE:
        path = f"{path}/{OPAQUE_NAME}" if path else OPAQUE_NAME
    return os.fsencode(path)


def write_layer(
    entries: Iterable[Entry],
    out: Callable[[bytes], object],
    *,
    logical_time: int,
    clamp: bool = False,
) -> None:
    """Write the canonical tar of entries given in any order, whose paths are unique.

    Entries without a time get `logical_time` (seconds); with `clamp` no time is later than it.
    Content streams: memory holds the entries, never file bytes. Raises BuildError for a hard link
    to nothing, an overlong path, or content that changed while it was read."""
    buffer = _Buffer(out)
    for name, entry in sorted_entries(entries):
        buffer.write(_header_of(name, entry, logical_time, clamp))
        if entry.kind is Kind.FILE and entry.content is not None and entry.size:
            buffer.copy(entry)
    buffer.write(tarheader.END_OF_ARCHIVE)
    buffer.flush()


def make_layer(
    store: HasBlobs, entries: Iterable[Entry], *, logical_time: int, clamp: bool = False
) -> Layer:
    """Store the canonical tar of entries, uncompressed; its digest is the diff id.

    Raises what `write_layer` raises, and StoreError."""
    with store.blobs.writer() as blob:
        write_layer(entries, blob.write, logical_time=logical_time, clamp=clamp)
        descriptor = blob.commit(MEDIA_LAYER)
    return Layer(descriptor, descriptor.digest)


def sorted_entries(entries: Iterable[Entry]) -> list[tuple[bytes, Entry]]:
    """Entries with their tar names in canonical order; the first name of each hard-linked object is
    the object, the others link to it."""
    given = list(entries)
    links = [entry for entry in given if entry.kind is Kind.HARDLINK]
    if links:
        given = _canonical_links(given, links)
    return sorted(((tar_name(entry), entry) for entry in given), key=lambda pair: pair[0])


def _canonical_links(given: list[Entry], links: list[Entry]) -> list[Entry]:
    by_path = {e.path: e for e in given if e.kind not in (Kind.WHITEOUT, Kind.OPAQUE)}
    groups: dict[str, list[str]] = {}
    for link in links:
        groups.setdefault(_link_source(link, by_path), []).append(link.path)
    changed: dict[str, Entry] = {}
    for source, paths in groups.items():
        original = by_path[source]
        first, *others = sorted((source, *paths), key=os.fsencode)
        changed[first] = replace(original, path=first)
        for path in others:
            changed[path] = replace(
                original, path=path, kind=Kind.HARDLINK, target=first, xattrs=(), content=None
            )
    return [
        entry if entry.kind in (Kind.WHITEOUT, Kind.OPAQUE) else changed.get(entry.path, entry)
        for entry in given
    ]


def _link_source(link: Entry, by_path: dict[str, Entry]) -> str:
    """The path of the object that a (chain of) hard link means."""
    seen = {link.path}
    entry = link
    while entry.kind is Kind.HARDLINK:
        target = by_path.get(entry.target)
        if target is None or target.path in seen or target.kind is Kind.DIRECTORY:
            raise BuildError(
                f"cannot write the hard link {link.path!r}: the layer has no file {entry.target!r}"
            )
        seen.add(target.path)
        entry = target
    return entry.path


def _header_of(name: bytes, entry: Entry, logical_time: int, clamp: bool) -> bytes:
    if len(name) > _LONGEST_PATH:
        raise BuildError(f"cannot put a path of {len(name)} bytes into a layer: {name[:80]!r}...")
    kind = entry.kind
    if kind is Kind.WHITEOUT or kind is Kind.OPAQUE:
        return tarheader.header(name, tarheader.FILE)
    mtime = logical_time if entry.mtime is None else entry.mtime
    if clamp and mtime > logical_time:
        mtime = logical_time
    if kind is Kind.DIRECTORY:
        name = name + b"/" if name else b"./"
    return tarheader.header(
        name,
        _TYPES[kind],
        mode=entry.mode,
        owner=(entry.uid, entry.gid),
        size=entry.size if kind is Kind.FILE else 0,
        mtime=mtime,
        link=os.fsencode(entry.target) if kind in (Kind.SYMLINK, Kind.HARDLINK) else b"",
        device=entry.device if kind in (Kind.CHARACTER, Kind.BLOCK) else (0, 0),
        xattrs=[pair for pair in entry.xattrs if is_kept_xattr(pair[0])] if entry.xattrs else (),
    )


class _Buffer:
    """Joins headers and small files into writes worth a system call and a hash update."""

    def __init__(self, out: Callable[[bytes], object]) -> None:
        self._out = out
        self._parts: list[bytes] = []
        self._held = 0
        self._copied = 0

    def write(self, data: bytes) -> None:
        self._parts.append(data)
        self._held += len(data)
        if self._held >= _FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        if self._parts:
            self._out(b"".join(self._parts))
            self._parts.clear()
            self._held = 0

    def copy(self, entry: Entry) -> None:
        """The content of a file and its padding. Raises BuildError if it is not as long as
        promised."""
        content = entry.content
        assert content is not None
        size = content.size
        self._copied = 0
        content.copy_to(self._count)
        if self._copied != size:
            raise BuildError(
                f"{entry.path!r} changed while it was read: {self._copied} bytes instead of {size}"
            )
        self.write(tarheader.padding(size))

    def _count(self, data: bytes) -> None:
        self._copied += len(data)
        if len(data) >= _FLUSH_BYTES:
            self.flush()
            self._out(data)
        else:
            self.write(bytes(data))
