"""Hostile archives through ADD and out again: only LithifyErrors, no hang, and nothing outside of the output is touched.

`python -m tests.fuzz.archives --count 20000` searches long (as root); a case is named by its seed and number, so that
`--seed S --first N --count 1` shows it again.
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import io
import lzma
import os
import random
import resource
import shutil
import signal
import struct
import sys
import tarfile
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import zstandard

from lithify.api import Engine
from lithify.errors import BuildError, LithifyError, render_error
from lithify.requests import BuildRequest, EngineOptions, OutputSpec

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

_T = TypeVar("_T")

_MOST_SECONDS = 1.0
_MOST_BYTES = 4 * 1024**3
_CASES_PER_STORE = 100
#: The first archive lays traps which members of the second, and the file, walk into.
_DOCKERFILE = (
    "FROM scratch\nADD first second /in/\nADD --chown=1:2 second /\nCOPY plain /in/link/plain\n"
)
#: How often one thing about a member is such that it may be refused; more would leave nothing to unpack.
_RARELY = 0.02
_USUAL_NAMES = (
    *("a", "b", "dir", "dir/a", "dir/b", "link", "link", "link/a", "link/dir/b", "deep/er/still/a"),
    *(
        "in/link",
        "in/link/a",
        "../x",
        "../../canary/x",
        "/abs",
        "/../x",
        "dir/../../x",
        "./a",
        "a/",
    ),
    *("a//b", "a/.", "a/..", "etc/passwd", "proc/self/root/x", "dev/null", "con\\x", "-rf", "a\nb"),
)
_RARE_NAMES = (
    *(
        "",
        ".",
        "/",
        "..",
        "é",
        "\udcff",
        ".wh.a",
        ".wh..wh..opq",
        "dir/.wh.b",
        ".wh.",
        "in/.wh.link",
    ),
    *("x" * 255, "x" * 256, "/".join("d" * 100), "/".join(["y" * 200] * 20), "a" * 5000),
    "link" + "/link" * 60,
)
_USUAL_TYPES = (
    *(tarfile.REGTYPE, tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.SYMTYPE),
    *(tarfile.LNKTYPE, tarfile.REGTYPE, tarfile.SYMTYPE),
)
_RARE_TYPES = (
    *(tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE),
    *(tarfile.GNUTYPE_SPARSE, b"Z", b"V", b"M", b"D"),
)
_PAX = (
    "path",
    "linkpath",
    "size",
    "uid",
    "mtime",
    "SCHILY.xattr.user.a",
    "SCHILY.xattr.trusted.overlay.opaque",
)
_PAX_VALUES = (
    "../../canary/x",
    "/",
    "",
    "-1",
    "99999999999999999999",
    "1.5",
    "nan",
    "\0",
    "9" * 400,
    "\udcff",
)


class TooSlow(BaseException):
    """A case took more processor time than it may."""


@dataclass(frozen=True)
class Case:
    """Two archives, perhaps broken."""

    first: bytes
    second: bytes


def make_case(generator: random.Random, canary: str) -> Case:
    """Archives that a stranger might make to get at `canary`, a folder outside."""
    return Case(_archive(generator, canary), _archive(generator, canary))


def _archive(generator: random.Random, canary: str) -> bytes:
    out = io.BytesIO()
    form = generator.choice((tarfile.PAX_FORMAT, tarfile.GNU_FORMAT))
    with tarfile.open(fileobj=out, mode="w", format=form, errors="surrogateescape") as archive:
        for _ in range(generator.choice((1, 3, 8, 20))):
            _add(archive, generator, canary)
    data = out.getvalue()
    if generator.random() < 0.2:
        data = _damaged(data, generator)
    return _compressed(data, generator)


def _add(archive: tarfile.TarFile, generator: random.Random, canary: str) -> None:
    def pick(usual: Sequence[_T], rare: Sequence[_T]) -> _T:
        return generator.choice(rare if generator.random() < _RARELY else usual)

    links = (
        "a",
        "b",
        "dir",
        "dir/a",
        "in/link",
        "/in",
        canary,
        f"{canary}/x",
        "../../canary",
        "..",
    )
    member = tarfile.TarInfo(pick((*_USUAL_NAMES, f"{canary}/x"), _RARE_NAMES))
    member.type = pick(_USUAL_TYPES, _RARE_TYPES)
    member.mode = pick((0o644, 0o755), (0, 0o7777, 0o6755))
    member.uid = pick((0, 1000), (2**21, 2**31, 2**32 - 1, 2**40))
    member.mtime = pick((0, 1_500_000_000), (-1, 2**33, 2**60))
    if member.type == tarfile.LNKTYPE:
        files = [one.name for one in archive.getmembers() if one.isfile()]
        member.linkname = pick(files or ["a"], links)
    elif member.type == tarfile.SYMTYPE:
        member.linkname = pick(links, _RARE_NAMES)
    member.devmajor, member.devminor = pick(((1, 3), (8, 0)), ((2**20, 2**20),))
    content = (
        b"x" * generator.choice((0, 1, 511, 512, 513, 5000)) if member.type in b"\x000" else b""
    )
    member.size = len(content)
    if generator.random() < _RARELY:
        member.pax_headers = {generator.choice(_PAX): generator.choice(_PAX_VALUES)}
    try:
        archive.addfile(member, io.BytesIO(content))
    except (ValueError, UnicodeError, OverflowError, struct.error):
        return  # this library cannot write it; damage makes what it refuses


def _damaged(data: bytes, generator: random.Random) -> bytes:
    """Changed bytes; half of the time with header checksums that hold again."""
    changed = bytearray(data)
    for _ in range(generator.choice((1, 1, 3, 30))):
        at = generator.randrange(len(changed))
        if generator.random() < 0.7:  # the headers are what matters
            at = at // 512 * 512 + generator.choice(
                (0, 100, 107, 124, 127, 135, 136, 156, 157, 257, 345)
            )
        changed[at] = generator.choice(
            (0, 0x20, 0x2F, 0x2E, 0x31, 0x37, 0x80, 0xFF, generator.randrange(256))
        )
    if generator.random() < 0.2:
        del changed[generator.randrange(len(changed)) :]
    if generator.random() < 0.6:
        _repair_checksums(changed)
    return bytes(changed)


def _repair_checksums(data: bytearray) -> None:
    for start in range(0, len(data) - 511, 512):
        if data[start + 257 : start + 262] == b"ustar":
            data[start + 148 : start + 156] = b" " * 8
            total = sum(data[start : start + 512])
            data[start + 148 : start + 156] = b"%06o\0 " % total


def _compressed(data: bytes, generator: random.Random) -> bytes:
    compress = generator.choice(
        (bytes, bytes, bytes, gzip.compress, bz2.compress, lzma.compress, zstandard.compress)
    )
    packed = compress(data)
    if compress is not bytes and generator.random() < 0.05:
        broken = bytearray(packed)
        broken[generator.randrange(len(broken))] ^= 1 << generator.randrange(8)
        packed = bytes(broken[: generator.randrange(1, len(broken) + 1)])
    return bytes(packed)


class Playground:
    """A folder with a context, an output and a store, and what must never change beside them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.canary = root / "canary"
        for name in ("canary", "context", "stores"):
            (root / name).mkdir()
        (self.canary / "kept").write_text("kept")
        (root / "context" / "Dockerfile").write_text(_DOCKERFILE)
        (root / "context" / "plain").write_text("plain")
        self._stores = 0

    def run(self, case: Case, number: int) -> None:
        """Build and write the result as files. Raises LithifyError."""
        (self.root / "context" / "first").write_bytes(case.first)
        (self.root / "context" / "second").write_bytes(case.second)
        store = self.root / "stores" / str(number // _CASES_PER_STORE)
        if not store.exists():
            shutil.rmtree(self.root / "stores")
            store.parent.mkdir()
        shutil.rmtree(self.root / "out", ignore_errors=True)
        request = BuildRequest(
            context=str(self.root / "context"),
            outputs=(OutputSpec("local", str(self.root / "out")),),
        )
        with Engine(EngineOptions(root=str(store))) as engine:
            engine.build(request, lambda _: None)

    def state(self) -> list[tuple[str, int, int, int, int]]:
        """All there is outside of the store and the output."""
        places = [self.root, self.root / "context", self.canary, *self.canary.rglob("*")]
        names = [("", 0, 0, 0, 0)] + [
            (name, 0, 0, 0, 0) for name in sorted(os.listdir(self.root)) if name != "out"
        ]
        found = [(str(place), os.lstat(place)) for place in places[2:]]
        return names + [(n, s.st_mode, s.st_uid, s.st_size, s.st_mtime_ns) for n, s in found]


def run_case(playground: Playground, seed: int, number: int) -> tuple[str, str]:
    """One case: what came of it (`built`, or the error's class), and what was wrong with that."""
    case = make_case(random.Random(f"{seed}/{number}"), str(playground.canary))
    before = playground.state()
    signal.setitimer(signal.ITIMER_PROF, _MOST_SECONDS)
    outcome, wrong = "built", ""
    try:
        playground.run(case, number)
    except LithifyError as error:
        render_error(error)
        outcome = type(error).__name__
        if not isinstance(error, BuildError) and "archive" not in error.message:
            wrong = f"not the archive is blamed: {error.message}\n"
    except (Exception, TooSlow) as error:  # noqa: BLE001 - whatever it is, it is what is looked for
        outcome, wrong = type(error).__name__, traceback.format_exc(limit=-8)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    if playground.state() != before:
        wrong += f"outside was written: {before} became {playground.state()}"
    return outcome, wrong


def _too_slow(_: int, __: FrameType | None) -> NoReturn:
    raise TooSlow(f"more than {_MOST_SECONDS} s of processor time")


def main(argv: list[str] | None = None) -> int:
    """Run cases until the count is reached or ten were wrong; 1 if any was."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args(argv)
    signal.signal(signal.SIGPROF, _too_slow)
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
    outcomes: dict[str, int] = {}
    failed = 0
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lithify-fuzz-") as folder:
        playground = Playground(Path(folder))
        for number in range(arguments.first, arguments.first + arguments.count):
            outcome, wrong = run_case(playground, arguments.seed, number)
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
            if wrong:
                failed += 1
                print(f"--- seed {arguments.seed}, case {number}\n{wrong}")
            if failed == 10:
                break
    ran = sum(outcomes.values())
    print(f"{ran} cases, {time.monotonic() - started:.0f} s: {outcomes}\n{failed} failed")
    return 1 if failed or not ran else 0


if __name__ == "__main__":
    sys.exit(main())
