"""Owns the busybox image: one static program of Debian's busybox-static and a link for each of its applets.

It exists so that a first build needs neither a registry nor root: apt verifies the package against the machine's own
keys, this module only unpacks one file. It refuses a program that is not static, for nothing else is in the image.
"""

from __future__ import annotations

import hashlib
import io
import re
import struct
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lithify.errors import BuildError, Corrupt, DigestMismatch
from lithify.executor.bootstrap import deb
from lithify.executor.bootstrap.image import BootstrapImage, canonical, shell_config
from lithify.executor.bootstrap.tools import run_tool

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lithify.executor.bootstrap.image import OnNote

_PACKAGE = "busybox-static"
_PROGRAM_PATHS = ("bin/busybox", "usr/bin/busybox")
_HINT = "check the machine's apt sources, or install it: apt-get install busybox-static"
_DOWNLOAD_TIMEOUT_S = 300
_URI = re.compile(
    rb"^'[^']+' (?P<file>[^/\s]+\.deb) (?P<size>\d+) SHA256:(?P<sha256>[0-9a-f]{64})$"
)
_APPLET = re.compile(r"^(?:usr/)?s?bin/[A-Za-z0-9_.\[+-]+$")
_BANNER = re.compile(r"^BusyBox v(?P<version>[\w.+~-]+)")
_ELF_MAGIC = b"\x7fELF"
_PT_INTERP = 3

_DIRECTORIES = {
    **dict.fromkeys(("bin", "dev", "etc", "home", "lib", "proc", "run", "sbin", "sys"), 0o755),
    **dict.fromkeys(("usr", "usr/bin", "usr/sbin", "usr/lib", "usr/share"), 0o755),
    **dict.fromkeys(("usr/local", "usr/local/bin", "usr/local/sbin"), 0o755),
    **dict.fromkeys(("var", "var/lib", "var/log", "var/spool", "var/cache", "var/www"), 0o755),
    "root": 0o700,
    "tmp": 0o1777,
    "var/tmp": 0o1777,
}
_ACCOUNTS = (
    ("root", 0, 0, "/root", "/bin/sh"),
    ("daemon", 1, 1, "/usr/sbin", "/bin/false"),
    ("bin", 2, 2, "/bin", "/bin/false"),
    ("sys", 3, 3, "/dev", "/bin/false"),
    ("sync", 4, 100, "/bin", "/bin/sync"),
    ("mail", 8, 8, "/var/spool/mail", "/bin/false"),
    ("www-data", 33, 33, "/var/www", "/bin/false"),
    ("operator", 37, 37, "/var", "/bin/false"),
    ("nobody", 65534, 65534, "/home", "/bin/false"),
)
_MORE_GROUPS = (("adm", 4), ("tty", 5), ("disk", 6), ("shadow", 42), ("staff", 50), ("users", 100))


@dataclass(frozen=True, slots=True)
class _Offer:
    """What apt would download: the file's name and the digest that the signed index promises."""

    file: str
    sha256: str


def bootstrap_busybox(
    work: Path, on_note: OnNote, *, environment: Mapping[str, str] | None = None
) -> BootstrapImage:
    """Make the image in the existing folder `work`; `environment` may hold proxy variables for apt.

    Where the package cannot be had, the installed static busybox is used, and a note says so.
    Raises BuildError when there is neither, DigestMismatch when a download is not what was promised."""
    try:
        program = _downloaded(work, dict(environment or {}))
    except DigestMismatch:
        raise
    except BuildError as error:
        installed = _installed()
        if installed is None:
            raise
        program = installed
        reason = error.message.splitlines()[0]
        on_note(f"{_PACKAGE} was not downloaded ({reason}); the installed one is used")
    if not _is_static(program):
        raise Corrupt(f"the busybox of {_PACKAGE} is not a static program")
    path = work / "busybox.tar"
    version, applets = _ask(program, work)
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for member, data in _members(program, version, applets):
            archive.addfile(canonical(member), io.BytesIO(data))
    on_note(f"busybox {version} with {len(applets)} applets")
    return BootstrapImage(path, shell_config("sh"), ("busybox:latest",))


def _downloaded(work: Path, environment: dict[str, str]) -> bytes:
    """The program out of the package that the machine's apt offers now.

    Lists that are missing or too old for the mirror are fetched into `work`, never into the machine."""
    try:
        return _download(work, environment, ())
    except DigestMismatch:
        raise
    except BuildError:
        private = _private_state(work)
        run_tool(
            ("apt-get", *private, "--error-on=any", "update"),
            cwd=work,
            timeout_s=_DOWNLOAD_TIMEOUT_S,
            environment=environment,
            hint=_HINT,
        )
        return _download(work, environment, private)


def _private_state(work: Path) -> tuple[str, ...]:
    for part in ("lists/partial", "archives/partial"):
        (work / "apt" / part).mkdir(parents=True, exist_ok=True)
    return (
        f"-oDir::State::Lists={work}/apt/lists",
        f"-oDir::Cache={work}/apt",
        "-oAPT::Sandbox::User=root",
    )


def _download(work: Path, environment: dict[str, str], options: tuple[str, ...]) -> bytes:
    argv = ("apt-get", *options, "-oAPT::Sandbox::User=root", "-qq", "download", _PACKAGE)
    listing = run_tool(
        (*argv, "--print-uris"), cwd=work, timeout_s=60, environment=environment, hint=_HINT
    )
    offer = _parse_offer(listing)
    run_tool(argv, cwd=work, timeout_s=_DOWNLOAD_TIMEOUT_S, environment=environment, hint=_HINT)
    package = work / offer.file
    if not package.is_file():
        raise BuildError(f"apt-get did not leave {offer.file}", hint=_HINT)
    data = package.read_bytes()
    if hashlib.sha256(data).hexdigest() != offer.sha256:
        raise DigestMismatch(f"{offer.file} is not the file that the package index names")
    return deb.read_file(io.BytesIO(data), _PROGRAM_PATHS)


def _parse_offer(listing: bytes) -> _Offer:
    for line in listing.splitlines():
        if match := _URI.match(line.strip()):
            return _Offer(match["file"].decode(), match["sha256"].decode())
    raise BuildError(f"apt offers no download of {_PACKAGE} with a SHA-256 digest", hint=_HINT)


def _installed() -> bytes | None:
    """The machine's own busybox when it is the one that the package installed, and static."""
    sums = Path("/var/lib/dpkg/info") / f"{_PACKAGE}.md5sums"
    try:
        known = {line.split(maxsplit=1)[0] for line in sums.read_text("utf-8").splitlines()}
        program = Path("/bin/busybox").read_bytes()
    except (OSError, IndexError):
        return None
    digest = hashlib.md5(program, usedforsecurity=False).hexdigest()
    return program if digest in known and _is_static(program) else None


def _is_static(program: bytes) -> bool:
    """Whether an ELF file asks for no interpreter (System V ABI, program header PT_INTERP)."""
    if program[:4] != _ELF_MAGIC or len(program) < 64:
        return False
    order = "<" if program[5] == 1 else ">"
    offset_form, offset_at, sizes_at = ("Q", 32, 54) if program[4] == 2 else ("I", 28, 42)
    (table,) = struct.unpack_from(order + offset_form, program, offset_at)
    size, count = struct.unpack_from(order + "HH", program, sizes_at)
    if table + size * count > len(program):
        return False
    starts = range(table, table + size * count, size or 1)
    return all(struct.unpack_from(order + "I", program, at)[0] != _PT_INTERP for at in starts)


def _ask(program: bytes, work: Path) -> tuple[str, tuple[str, ...]]:
    """The version and the applets' paths, as the program itself says."""
    path = work / "busybox"
    path.write_bytes(program)
    path.chmod(0o700)
    listing = run_tool((str(path), "--list-full"), cwd=work, timeout_s=30).decode(
        "utf-8", "replace"
    )
    banner = run_tool((str(path), "--help"), cwd=work, timeout_s=30).decode("utf-8", "replace")
    match = _BANNER.match(banner)
    applets = {line for line in listing.split() if _APPLET.match(line)} - {"bin/busybox"}
    if match is None or "bin/sh" not in applets:
        raise Corrupt(f"the busybox of {_PACKAGE} does not list its applets")
    return match["version"], tuple(sorted(applets))


def _members(
    program: bytes, version: str, applets: Iterable[str]
) -> Iterable[tuple[tarfile.TarInfo, bytes]]:
    for name, mode in sorted(_DIRECTORIES.items()):
        directory = _member(name, mode)
        directory.type = tarfile.DIRTYPE
        yield directory, b""
    yield _file("bin/busybox", program, 0o755)
    for applet in applets:
        link = _member(applet, 0o755)
        # A hardlink, not a symlink: copying one applet out of the image copies a working program.
        link.type, link.linkname = tarfile.LNKTYPE, "bin/busybox"
        yield link, b""
    yield from _configuration(version)


def _configuration(version: str) -> Iterable[tuple[tarfile.TarInfo, bytes]]:
    passwd = "".join(f"{n}:x:{u}:{g}:{n}:{home}:{shell}\n" for n, u, g, home, shell in _ACCOUNTS)
    groups = {name: gid for name, uid, gid, *_ in _ACCOUNTS if uid == gid} | dict(_MORE_GROUPS)
    group = "".join(f"{n}:x:{g}:\n" for n, g in sorted(groups.items(), key=lambda one: one[1]))
    shadow = "".join(f"{name}:*::0:99999:7:::\n" for name, *_ in _ACCOUNTS)
    release = f'NAME="BusyBox"\nID=busybox\nVERSION_ID={version}\nPRETTY_NAME="BusyBox {version}"\n'
    yield _file("etc/passwd", passwd.encode(), 0o644)
    yield _file("etc/group", group.encode(), 0o644)
    yield _file("etc/shadow", shadow.encode(), 0o640)
    yield _file("etc/os-release", release.encode(), 0o644)


def _file(name: str, data: bytes, mode: int) -> tuple[tarfile.TarInfo, bytes]:
    member = _member(name, mode)
    member.size = len(data)
    return member, data


def _member(name: str, mode: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.mode = mode
    return member
