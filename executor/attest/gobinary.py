"""Owns the modules that a Go program says it was built from.

The linker leaves a block that starts with a magic string, in the form of Go 1.18 and later followed by two strings: the
Go version and the list of modules (Go's debug/buildinfo). The file is searched as it streams by. It refuses the form of
older versions, which needs the program's address map, and says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.executor.attest.packages import Package

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAGIC = b"\xff Go buildinf:"
_ALIGNMENT = 16
_HEADER_BYTES = 32
_HAS_INLINE_STRINGS = 2
_MOST_INFO_BYTES = 4 * 1024 * 1024
_LONGEST_VERSION = 200
_SENTINEL_BYTES = 16


class GoSearch:
    """Looks for the block in a file that is fed in pieces."""

    def __init__(self) -> None:
        self._held = b""
        self._offset = 0
        self._collecting = False
        self.is_old = False
        self.info: tuple[str, str] | None = None

    def feed(self, data: bytes) -> None:
        """The next bytes of the file."""
        if self.info is not None:
            return
        self._held += data
        while self.info is None and self._search():
            pass

    def finish(self) -> None:
        """The file ends here: what was collected must do."""
        while self.info is None and self._collecting:
            self._take(is_last=True)
            while not self._collecting and self._search():
                pass

    def _search(self) -> bool:
        """Whether to go on with what is held."""
        if self._collecting:
            return self._take(is_last=False)
        at = self._held.find(_MAGIC)
        if at < 0:
            self._drop(max(0, len(self._held) - len(_MAGIC) + 1))
            return False
        self._drop(at)
        if self._offset % _ALIGNMENT:
            self._drop(1)
            return True
        self._collecting = True
        return True

    def _take(self, *, is_last: bool) -> bool:
        held = self._held
        if len(held) < _HEADER_BYTES and not is_last:
            return False
        if len(held) < _HEADER_BYTES or not held[15] & _HAS_INLINE_STRINGS:
            # The magic alone also stands in programs that look for it, without a pointer size after it.
            self.is_old = self.is_old or (len(held) > 15 and held[14] in (4, 8) and held[15] < 2)
            return self._no()
        version, at = _string(held, _HEADER_BYTES, _LONGEST_VERSION)
        modules, _ = _string(held, at, _MOST_INFO_BYTES) if version is not None else (None, 0)
        if version is None or modules is None:
            if not is_last and len(held) < _HEADER_BYTES + _LONGEST_VERSION + _MOST_INFO_BYTES:
                return False
            return self._no()
        if not version.startswith((b"go", b"devel")):
            return self._no()
        if len(modules) > 2 * _SENTINEL_BYTES:
            modules = modules[_SENTINEL_BYTES:-_SENTINEL_BYTES]
        self.info = version.decode("utf-8", "replace"), modules.decode("utf-8", "replace")
        self._held = b""
        return False

    def _no(self) -> bool:
        self._collecting = False
        self._drop(1)
        return True

    def _drop(self, count: int) -> None:
        self._held = self._held[count:]
        self._offset += count


def _string(data: bytes, at: int, most: int) -> tuple[bytes | None, int]:
    """A string after its length as varint; None if it is not all here or too long."""
    length = shift = 0
    while at < len(data) and shift < 35:
        byte = data[at]
        at += 1
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            end = at + length
            return (data[at:end], end) if length <= most and end <= len(data) else (None, at)
    return None, at


def read_modules(path: str, version: str, modules: str) -> Iterator[Package]:
    """The standard library, the main module and its dependencies, replacements in place of the replaced."""
    number = version.split()[0].removeprefix("go")
    yield Package("golang", "stdlib", number, path, license="BSD-3-Clause")
    found: list[Package] = []
    for line in modules.splitlines():
        word, *fields = line.split("\t")
        if word in ("mod", "dep", "=>") and len(fields) >= 2 and fields[0]:
            if word == "=>" and found:
                found.pop()
            version = "" if fields[1] == "(devel)" else fields[1]
            found.append(Package("golang", fields[0], version, path))
    yield from found
