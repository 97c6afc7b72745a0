"""Owns what rules may see of base images: those that a store holds, and what is inside them.

A linter must not take seconds, so the store is opened only if it is there and an image is named, an image is read only
if a rule asks, and what was found is remembered beside the store's images. It refuses registries, and layers that are
large.
"""

from __future__ import annotations

import os
import posixpath
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from lithify.cache.platform import Platform
from lithify.compiler.offline import is_at_hand, unknown_image
from lithify.errors import LithifyError
from lithify.linting.sight import Question

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import BinaryIO

    from lithify.cache.digest import Digest
    from lithify.cache.ports import ImageResolver, ResolvedImage
    from lithify.cache.store import Store
    from lithify.cache.tarstream import TarReader
    from lithify.linting.sight import Answer, Notes

_MOST_LAYER_BYTES = 512 * 1024 * 1024
_MOST_ENTRIES = 300_000
_MOST_KEPT_BYTES = 16 * 1024 * 1024
_MOST_MEMO_BYTES = 64 * 1024 * 1024
_MOST_LINKS = 40
_FOLDER = "contents"
_FORM = 1
#: The files of images whose content rules ask for.
_KEPT = frozenset((
    "/etc/os-release", "/usr/lib/os-release", "/etc/passwd", "/var/lib/dpkg/status",
    "/lib/apk/db/installed",
))  # fmt: skip
_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"


class _Contents(NamedTuple):
    """An image as its layers make it: for each path the target of a symlink, '' for anything else; `kept` are bytes."""

    links: Mapping[str, str]
    kept: Mapping[str, bytes]


class StoreImages:
    """The images of a store: names to images (ImageResolver), and what is inside them (ImageFiles).

    The store is opened when the first image is asked for, and only if it is there; `close` releases it. An image is
    read once, and only if its layers are small enough."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._store: Store | None = None
        self._is_tried = False
        self._resolver: ImageResolver | None = None
        self._known: dict[Digest, _Contents | None] = {}

    def close(self) -> None:
        """Let the store go; idempotent. What was found in images stays, and a later question opens the store again."""
        if self._store is not None:
            self._store.close()
        self._store, self._resolver, self._is_tried = None, None, False

    def resolve(self, reference: str, platform: Platform) -> ResolvedImage:
        """The image if the store has it; one of which nothing is known if not, or if it cannot be read."""
        store = self._opened()
        if store is None:
            return unknown_image(reference, platform)
        try:
            if self._resolver is None:
                from lithify.cache.resolver import StoreResolver

                self._resolver = StoreResolver(store)
            return self._resolver.resolve(reference, platform)
        except LithifyError:
            return unknown_image(reference, platform)

    def is_known(self, image: ResolvedImage) -> bool:
        """Whether it can be told what is inside an image."""
        return self._contents(image) is not None

    def read(self, image: ResolvedImage, path: str, most: int) -> bytes | None:
        """The first bytes of a file; only of the few that rules ask for."""
        contents = self._contents(image)
        place = _followed(path, contents.links) if contents is not None else None
        data = contents.kept.get(place) if contents is not None and place is not None else None
        return None if data is None else data[:most]

    def exists(self, image: ResolvedImage, path: str) -> bool | None:
        """Whether the image has a path, links followed; None if it is not known."""
        contents = self._contents(image)
        return None if contents is None else _followed(path, contents.links) is not None

    def inside(self, image: ResolvedImage, folder: str) -> tuple[str, ...]:
        """What a directory of the image holds; what is in a directory tells that it is one."""
        contents = self._contents(image)
        place = _followed(folder, contents.links) if contents is not None else None
        if contents is None or place is None:
            return ()
        prefix = f"{place.rstrip('/')}/"
        parts = (
            one[len(prefix) :].partition("/") for one in contents.links if one.startswith(prefix)
        )
        found = {f"{name}{slash}" for name, slash, _ in parts if name}
        return tuple(sorted(one for one in found if f"{one}/" not in found))

    def _opened(self) -> Store | None:
        if not self._is_tried:
            self._is_tried = True
            from pathlib import Path
            from time import time

            root = Path(self._root)
            if self._root and (root / "oci-layout").exists():
                from lithify.cache.store import Store

                try:
                    self._store = Store.open(root, clock=time)
                except LithifyError:
                    self._store = None
        return self._store

    def _contents(self, image: ResolvedImage) -> _Contents | None:
        key = image.manifest.digest
        if key not in self._known:
            try:
                self._known[key] = self._remembered(image)
            except (LithifyError, OSError, EOFError):
                self._known[key] = None
        return self._known[key]

    def _remembered(self, image: ResolvedImage) -> _Contents | None:
        store = self._opened()
        if store is None or sum(one.descriptor.size for one in image.layers) > _MOST_LAYER_BYTES:
            return None
        path = store.root / _FOLDER / f"{image.manifest.digest.hex}.json"
        known = _read_memo(path)
        if known is None:
            known = _read_image(image, store)
            if known is not None:
                _write_memo(path, known, store.tmp_dir())
        return known


class SeenImages:
    """The images of a store as one file sees them (ImageResolver, ImageFiles): what it asks is noted.

    An image never changes, so only which one a name means is noted, and whether it can be looked into."""

    def __init__(self, images: StoreImages, notes: Notes) -> None:
        self._images = images
        self._notes = notes

    def resolve(self, reference: str, platform: Platform) -> ResolvedImage:
        """The image if the store has it; one of which nothing is known if not."""
        found = self._images.resolve(reference, platform)
        digest = str(found.manifest.digest) if is_at_hand(found) else ""
        self._notes[_question("image", reference, platform)] = digest
        return found

    def read(self, image: ResolvedImage, path: str, most: int) -> bytes | None:
        """The first bytes of a file."""
        return self._images.read(image, path, most) if self._is_known(image) else None

    def exists(self, image: ResolvedImage, path: str) -> bool | None:
        """Whether the image has a path; None if it is not known."""
        return self._images.exists(image, path) if self._is_known(image) else None

    def inside(self, image: ResolvedImage, folder: str) -> tuple[str, ...]:
        """What a directory of the image holds."""
        return self._images.inside(image, folder) if self._is_known(image) else ()

    def again(self, question: Question) -> Answer:
        """What is answered now. Raises KeyError for what is no question about images."""
        *platform, reference = question.about.split("\0")
        image = self.resolve(reference, Platform(*platform))
        if question.kind == "inside":
            self._is_known(image)
        return self._notes[question]

    def _is_known(self, image: ResolvedImage) -> bool:
        is_known = self._images.is_known(image)
        self._notes[_question("inside", image.reference, image.config.platform)] = is_known
        return is_known


def _question(kind: str, reference: str, on: Platform) -> Question:
    parts = (on.os, on.architecture, on.variant, on.os_version, reference)
    return Question(kind, "\0".join(parts))


def _read_image(image: ResolvedImage, store: Store) -> _Contents | None:
    from lithify.cache.compression import open_plain

    links: dict[str, str] = {"/": ""}
    kept: dict[str, bytes] = {}
    for layer in image.layers:
        if not store.blobs.has(layer.descriptor.digest):
            return None
        with open_plain(store.blobs, layer) as stream:
            _add_layer(stream, links, kept)
        if len(links) > _MOST_ENTRIES:
            return None
    return _Contents(links, kept)


def _read_memo(path: Path) -> _Contents | None:
    """What was found in an image before; None if nothing was, or it is damaged or of another form."""
    import json

    try:
        with path.open("rb") as file:
            found = json.loads(file.read(_MOST_MEMO_BYTES))
        if found["form"] != _FORM:
            return None
        kept = {str(name): str(text).encode("latin-1") for name, text in found["kept"].items()}
        return _Contents({str(one): str(link) for one, link in found["links"].items()}, kept)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _write_memo(path: Path, contents: _Contents, tmp: Path) -> None:
    """Remember an image; a failure only costs time."""
    import json
    from tempfile import mkstemp

    kept = {name: data.decode("latin-1") for name, data in contents.kept.items()}
    data = json.dumps({"form": _FORM, "links": dict(contents.links), "kept": kept})
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor, name = mkstemp(dir=tmp)
        with open(descriptor, "w", encoding="utf-8", errors="surrogatepass") as file:
            file.write(data)
        os.rename(name, path)


def _add_layer(stream: BinaryIO, links: dict[str, str], kept: dict[str, bytes]) -> None:
    """Put the entries of a layer over what is below it; its whiteouts go first, as the format wants."""
    from lithify.cache.tarstream import TarReader

    reader = TarReader(stream)
    added: dict[str, str] = {}
    fresh: dict[str, bytes] = {}
    gone: list[str] = []
    for entry in reader:
        path = posixpath.normpath(f"/{entry.name}")
        path = path[1:] if path.startswith("//") else path
        parent, name = posixpath.split(path)
        if name == _OPAQUE:
            gone.append(f"{parent.rstrip('/')}/")
        elif name.startswith(_WHITEOUT):
            gone.append(posixpath.join(parent, name[len(_WHITEOUT) :]))
        else:
            added[path] = entry.target if entry.kind == "symlink" else ""
            if path in _KEPT and entry.kind == "file" and entry.size <= _MOST_KEPT_BYTES:
                fresh[path] = b"".join(_chunks(reader))
        if len(added) > _MOST_ENTRIES:
            break
    for one in _hidden(links, gone):
        links.pop(one, None)
        kept.pop(one, None)
    for path in added:
        kept.pop(path, None)
        for above in _above(path):
            links.setdefault(above, "")
    links.update(added)
    kept.update(fresh)


def _chunks(reader: TarReader) -> Iterator[bytes]:
    while data := reader.read():
        yield data


def _hidden(links: Mapping[str, str], gone: list[str]) -> list[str]:
    """The paths that whiteouts take away: one with a slash at its end takes what is inside, others themselves too."""
    if not gone:
        return []
    wanted = frozenset(gone)
    found: list[str] = []
    for path in links:
        inside = (f"{above}/" for above in _above(path))
        whole = (above in wanted for above in (*_above(path), path))
        if any(whole) or any(one in wanted for one in inside):
            found.append(path)
    return found


def _above(path: str) -> list[str]:
    parts = path.strip("/").split("/")
    return ["/" + "/".join(parts[:count]) for count in range(1, len(parts))]


def _followed(path: str, links: Mapping[str, str]) -> str | None:
    """The path with all symbolic links followed inside the image; None if it leads nowhere."""
    left = [part for part in path.split("/") if part not in ("", ".")]
    done = "/"
    followed = 0
    while left:
        part = left.pop(0)
        if part == "..":
            done = posixpath.dirname(done)
            continue
        here = posixpath.join(done, part)
        if here not in links:
            return None
        target = links[here]
        if not target:
            done = here
            continue
        followed += 1
        if followed > _MOST_LINKS:
            return None
        left = [one for one in target.split("/") if one not in ("", ".")] + left
        done = "/" if target.startswith("/") else done
    return done
