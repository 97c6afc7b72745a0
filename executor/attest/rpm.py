"""Owns the package list of RPM: the sqlite database that Fedora 33, RHEL 9 and later have.

A row holds a header: an index of tags, and the data they point into (rpm, header format). It refuses the older databases
(Berkeley DB, ndb), whose files need libraries of their own, and says so.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

from lithify.executor.attest.packages import Package

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_BYTES = 512 * 1024 * 1024
_FOLDERS = r"(?:var/lib/rpm|usr/lib/sysimage/rpm|usr/share/rpm)"
_DATABASE = re.compile(rf"{_FOLDERS}/rpmdb\.sqlite\Z")
_REFUSED = re.compile(rf"{_FOLDERS}/(Packages\.db|Packages)\Z")
_MOST_HEADER_BYTES = 16 * 1024 * 1024
_MOST_TAGS = 65_536
_MOST_STEPS = 200_000_000

_NAME, _VERSION, _RELEASE, _EPOCH, _VENDOR = 1000, 1001, 1002, 1003, 1011
_LICENSE, _ARCH, _SOURCE = 1014, 1022, 1044
_WANTED = (_NAME, _VERSION, _RELEASE, _EPOCH, _VENDOR, _LICENSE, _ARCH, _SOURCE)
_INT32, _STRING, _I18N = 4, 6, 9


def wants(path: str) -> bool:
    """Whether a path is a database that can be read."""
    return path.endswith("rpmdb.sqlite") and bool(_DATABASE.match(path))


def refused(path: str) -> str:
    """Why a path is a database that cannot be read; '' for everything else."""
    match = _REFUSED.match(path)
    if match is None:
        return ""
    kind = "ndb" if match[1].endswith(".db") else "Berkeley DB"
    return f"/{path}: RPM databases of kind {kind} are not read: packages missing"


def read_database(path: str, file: Path) -> Iterator[Package]:
    """The packages of a database put aside in `file`. Raises ValueError if it is none."""
    import sqlite3

    connection = sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        left = iter(range(_MOST_STEPS // 100_000))
        connection.set_progress_handler(lambda: next(left, None) is None, 100_000)
        connection.execute("PRAGMA trusted_schema = OFF")
        kind = connection.execute("SELECT type FROM sqlite_master WHERE name = 'Packages'")
        if kind.fetchone() != ("table",):  # a view could make work without end
            raise ValueError("it has no packages")
        for (blob,) in connection.execute("SELECT blob FROM Packages ORDER BY hnum"):
            if isinstance(blob, bytes):
                yield from _packages(path, blob)
    except (sqlite3.Error, OverflowError) as error:
        raise ValueError(str(error)) from error
    finally:
        connection.close()


def _packages(path: str, blob: bytes) -> Iterator[Package]:
    tags = read_header(blob)
    name, version = tags.get(_NAME, ""), tags.get(_VERSION, "")
    if not name or not version or name == "gpg-pubkey":
        return
    release = tags.get(_RELEASE, "")
    yield Package(
        "rpm",
        name,
        f"{version}-{release}" if release else version,
        path,
        arch=tags.get(_ARCH, ""),
        epoch=tags.get(_EPOCH, ""),
        license=tags.get(_LICENSE, ""),
        supplier=tags.get(_VENDOR, ""),
        source=tags.get(_SOURCE, ""),
    )


def read_header(blob: bytes) -> dict[int, str]:
    """The wanted tags of a header as text; nothing that points outside of it is believed."""
    if not 8 <= len(blob) <= _MOST_HEADER_BYTES:
        return {}
    count, size = struct.unpack_from(">II", blob)
    start = 8 + 16 * count
    if count > _MOST_TAGS or start + size > len(blob):
        return {}
    found = {}
    for number in range(count):
        tag, kind, offset, items = struct.unpack_from(">IIII", blob, 8 + 16 * number)
        if tag not in _WANTED or offset >= size or not items:
            continue
        at = start + offset
        if kind in (_STRING, _I18N):
            end = blob.find(b"\0", at, start + size)
            found[tag] = blob[at : end if end >= 0 else start + size].decode("utf-8", "replace")
        elif kind == _INT32 and offset + 4 <= size:
            found[tag] = str(struct.unpack_from(">I", blob, at)[0])
    return found
