"""The corpus: Dockerfiles with what is known of them, and the one context that all of them are built over.

A Dockerfile's first comments say to which stratum it belongs, whether it needs the network, and, for the few that cannot
be reproducible whatever builds them, by which cause they differ. What git cannot hold (attributes, archives, odd names)
is made when a context is laid out.
"""

from __future__ import annotations

import io
import lzma
import os
import re
import shutil
import tarfile
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
#: The machine's certificate authorities, among which one of a proxy may be.
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
_MANY = 300
_FIELD = re.compile(r"# (stratum|network|differs): (.+)")
_ARCHIVE_TIME_S = 1_500_000_000


@dataclass(frozen=True)
class Case:
    """One Dockerfile. `differs` names the cause by which it differs, '' if it must not; `context` '' is the common
    one."""

    name: str
    dockerfile: Path
    stratum: str
    needs_network: bool = False
    differs: str = ""
    context: str = ""

    def arguments(self, context: Path) -> list[str]:
        """What `lithify prove` or `build` is told, the context last."""
        words = ["-f", str(self.dockerfile)]
        if self.needs_network and AUTHORITIES.is_file():
            words += ["--secret", f"id=ca,src={AUTHORITIES}"]
        return [*words, self.context or str(context)]


def read_cases() -> list[Case]:
    """All cases by name: those of the corpus, and samples."""
    cases = [_read(path) for path in sorted((HERE / "corpus").glob("*.Dockerfile"))]
    for name, network in (("hello", False), ("c-static", True)):
        folder = ROOT / "samples" / name
        cases.append(
            Case(f"sample-{name}", folder / "Dockerfile", "sample", network, context=str(folder))
        )
    return cases


def _read(path: Path) -> Case:
    fields: dict[str, str] = {}
    for line in path.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            break
        if match := _FIELD.fullmatch(line):
            fields[match[1]] = match[2]
    name = path.name.removesuffix(".Dockerfile")
    network = fields.get("network") == "yes"
    return Case(name, path, fields["stratum"], network, fields.get("differs", ""))


def lay_out(place: Path) -> Path:
    """The common context, in a folder that does not exist yet; the same wherever and whenever it is made."""
    shutil.copytree(HERE / "context", place, symlinks=True)
    for path in place.rglob("*"):
        path.chmod(0o755 if path.is_dir() or path.suffix == ".sh" else 0o644)
    _odd_names(place / "odd")
    _links(place / "links")
    _attributes(place / "attributes")
    (place / "many").mkdir()
    for number in range(_MANY):
        (place / "many" / f"file-{number * 7919 % _MANY:03}").write_text(f"{number % 7}\n")
    _archives(place / "archives", place / "data")
    return place


def _odd_names(folder: Path) -> None:
    folder.mkdir()
    for name in ("with space", "ünïcödé", "-dash", "*star", "back\\slash", "n" * 200, "new\nline"):
        (folder / name).write_text(f"{len(name)}\n")
    with suppress(OSError):  # some file systems take UTF-8 only
        (folder / os.fsdecode(b"latin-\xe9")).write_text("latin\n")
    deep = folder / "/".join(["a-long-name-of-a-folder"] * 8)
    deep.mkdir(parents=True)
    (deep / "bottom").write_text("far down\n")


def _links(folder: Path) -> None:
    folder.mkdir()
    (folder / "words").write_text("target\n")
    (folder / "to-words").symlink_to("words")
    (folder / "dangling").symlink_to("nowhere/at/all")
    (folder / "to-root").symlink_to("/")
    (folder / "hard-a").write_text("twice\n")
    os.link(folder / "hard-a", folder / "hard-b")


def _attributes(folder: Path) -> None:
    folder.mkdir()
    for name, mode in (("suid", 0o4755), ("secret", 0o600), ("nothing", 0o000), ("open", 0o666)):
        (folder / name).write_text(f"{name}\n")
        (folder / name).chmod(mode)
    (folder / "noted").write_text("noted\n")
    with suppress(OSError):  # not every file system has them
        os.setxattr(folder / "noted", "user.note", b"worth keeping")
    (folder / "sticky").mkdir()
    (folder / "sticky").chmod(0o1777)


def _archives(folder: Path, data: Path) -> None:
    folder.mkdir()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for path in sorted(data.rglob("*")):
            if path.suffix != ".tmp":
                archive.add(path, str(path.relative_to(data)), recursive=False, filter=_canonical)
    (folder / "tree.tar").write_bytes(out.getvalue())
    compressor = zlib.compressobj(wbits=31)
    packed = compressor.compress(out.getvalue()) + compressor.flush()
    (folder / "tree.tar.gz").write_bytes(packed)
    (folder / "tree.tar.xz").write_bytes(lzma.compress(out.getvalue()))


def _canonical(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mtime = _ARCHIVE_TIME_S
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member
