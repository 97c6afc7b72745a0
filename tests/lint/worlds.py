"""Contexts and images of memory, as fixtures of rules describe them.

`context.json` of a rule's folder maps paths to contents; a path may have its mode behind it, as in `start.sh 755`,
and a path with a slash at its end is an empty directory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lithify.compiler.lint.world import World

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lithify.cache.ports import ResolvedImage

_DPKG = (
    "Package: curl\nArchitecture: amd64\nStatus: install ok installed\n\n"
    "Package: jq\nStatus: deinstall ok config-files\n"
)
_PASSWD = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"
#: What is inside of images that are at hand.
IMAGES: Mapping[str, Mapping[str, str]] = {
    "image-with-curl": {
        "/bin/sh": "",
        "/usr/bin/curl": "",
        "/etc/os-release": "ID=debian\nVERSION_ID=12\n",
        "/etc/passwd": _PASSWD,
        "/var/lib/dpkg/status": _DPKG,
    },
    "image-without-shell": {
        "/etc/passwd": _PASSWD,
        "/etc/os-release": "ID=wolfi\n",
        "/app/run": "",
    },
    "image-of-old-debian": {
        "/bin/sh": "",
        "/etc/passwd": _PASSWD,
        "/usr/lib/os-release": 'PRETTY_NAME="Debian 9"\nID=debian\nVERSION_ID="9"\n',
    },
}


class MemoryContext:
    """ContextFiles of a mapping."""

    def __init__(self, files: Mapping[str, str]) -> None:
        named = [(*name.partition(" ")[::2], text) for name, text in files.items()]
        self._files = {path: text.encode() for path, _, text in named}
        self._modes = {path: int(mode or "644", 8) for path, mode, _ in named}

    def paths(self) -> tuple[str, ...] | None:
        return tuple(self._files)

    def read(self, path: str, most: int) -> bytes | None:
        data = self._files.get(path)
        return None if data is None else data[:most]

    def size(self, path: str) -> int:
        return len(self._files.get(path, b""))

    def mode(self, path: str) -> int | None:
        return self._modes.get(path)


class MemoryImages:
    """ImageFiles of IMAGES."""

    def read(self, image: ResolvedImage, path: str, most: int) -> bytes | None:
        text = IMAGES.get(image.reference, {}).get(path)
        return None if text is None else text.encode()[:most]

    def exists(self, image: ResolvedImage, path: str) -> bool | None:
        files = IMAGES.get(image.reference)
        if files is None:
            return None
        return any(one == path or one.startswith(f"{path.rstrip('/')}/") for one in files)


def world_of(folder: Path) -> World:
    """What the fixtures of a rule describe."""
    path = folder / "context.json"
    context = MemoryContext(json.loads(path.read_text("utf-8"))) if path.exists() else None
    return World(context, MemoryImages())
