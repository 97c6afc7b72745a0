"""Owns the Debian image: a minimal system of one suite, installed by mmdebstrap from the machine's apt sources.

It exists so that `FROM debian:bookworm` needs no registry. mmdebstrap resolves and installs; this module says from
where, and then rewrites its tar so that equal package sets give equal bytes. It refuses to carry the machine's own
surroundings (name, resolver, proxy) into the image.
"""

from __future__ import annotations

import io
import os
import re
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

from lithify.errors import BuildError, UsageError
from lithify.executor.bootstrap.apt_sources import machine_suite, sources_for
from lithify.executor.bootstrap.image import EPOCH_S, BootstrapImage, canonical, shell_config
from lithify.executor.bootstrap.tools import run_tool

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lithify.executor.bootstrap.image import OnNote

_SUITE = re.compile(r"^[a-z][a-z0-9.-]{0,40}$")
_TIMEOUT_S = 1800
_SETTING = re.compile(r'^(?P<name>[\w:.-]+) "(?P<value>[^"]*)";$')
#: A frozen mirror is one whose dates no longer matter; that is the mirror's nature, so the image keeps it.
_KEPT_SETTINGS = ("Acquire::Check-Valid-Until", "Acquire::Check-Date")
_PROXIES = {"Acquire::http::Proxy": "http_proxy", "Acquire::https::Proxy": "https_proxy"}

_HOST_FILES = frozenset(("etc/hostname", "etc/resolv.conf", "etc/hosts", "etc/machine-id"))
_DROPPED = re.compile(
    r"(?:dev|proc|sys)/.|var/lib/dbus/machine-id$"
    r"|var/(?:lib/dpkg|cache/debconf)/[^/]+-old$|etc/(?:passwd|group|shadow|gshadow)-$"
    r"|etc/\.pwd\.lock$|etc/apt/(?:sources\.list\.d/.|sources\.list$|apt\.conf\.d/99mmdebstrap)"
    r"|etc/dpkg/dpkg\.cfg\.d/99mmdebstrap"
)
#: Here folders and empty files stay, for packages count on them (apt on /var/log/apt); content goes.
_EMPTIED = re.compile(r"(?:run|tmp)/.|var/(?:lib/apt/lists|cache/apt|cache/ldconfig|log|tmp)/.")
_PACKAGE_LIST = re.compile(r"var/lib/dpkg/info/[^/]+\.list$")
#: What apt can fetch again is not kept in a layer.
_APT_SETTINGS = """\
Acquire::Languages "none";
Acquire::GzipIndexes "true";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
APT::Keep-Downloaded-Packages "false";
Binary::apt-get::APT::Keep-Downloaded-Packages "false";
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb"; };
"""
#: A build has no init, so packages start no services; and a build that dies is built again.
_ADDED = {
    "etc/apt/apt.conf.d/80image": (_APT_SETTINGS, 0o644),
    "etc/dpkg/dpkg.cfg.d/80image": ("force-unsafe-io\n", 0o644),
    "usr/sbin/policy-rc.d": ("#!/bin/sh\nexit 101\n", 0o755),
}


def bootstrap_debian(
    suite: str,
    work: Path,
    on_note: OnNote,
    *,
    environment: Mapping[str, str] | None = None,
    system: Path = Path("/"),
) -> BootstrapImage:
    """Make the image of a suite ('' is the machine's own) in the existing folder `work`.

    `environment` may hold proxy variables; `system` is where the machine's configuration is read.
    Raises UsageError for no suite name, ToolMissing without mmdebstrap, BuildError."""
    own = machine_suite(system / "etc/os-release")
    suite = suite or own
    if not _SUITE.match(suite):
        raise UsageError(f"not the name of a Debian suite: {suite!r}", hint="such as: bookworm")
    sources = sources_for(suite, own, system / "etc/apt")
    settings = _apt_settings(work)
    listing = work / "debian.sources"
    listing.write_text("\n".join(one.render() for one in sources), "utf-8")
    for uri in dict.fromkeys(uri for one in sources for uri in one.uris):
        on_note(f"{suite} from {uri}")
    raw = work / "mmdebstrap.tar"
    _install(suite, raw, listing, settings, work, dict(environment or {}))
    path = work / "debian.tar"
    packages = _rewrite(raw, path, listing.read_text("utf-8"), _kept(settings))
    raw.unlink()
    on_note(f"{packages} packages")
    names = (f"debian:{suite}", "debian:latest") if suite == own else (f"debian:{suite}",)
    return BootstrapImage(path, shell_config("bash"), names)


def _apt_settings(work: Path) -> dict[str, str]:
    dump = run_tool(("apt-config", "dump"), cwd=work, timeout_s=60).decode("utf-8", "replace")
    return {m["name"]: m["value"] for line in dump.splitlines() if (m := _SETTING.match(line))}


def _kept(settings: Mapping[str, str]) -> str:
    return "".join(f'{one} "{settings[one]}";\n' for one in _KEPT_SETTINGS if one in settings)


def _install(
    suite: str,
    target: Path,
    listing: Path,
    settings: Mapping[str, str],
    work: Path,
    environment: dict[str, str],
) -> None:
    proxies = {
        variable: settings[name]
        for name, variable in _PROXIES.items()
        if settings.get(name, "DIRECT") not in ("", "DIRECT")
    }
    mode = "root" if os.geteuid() == 0 else "auto"
    options = [f"--aptopt={line}" for line in _kept(settings).splitlines()]
    run_tool(
        ("mmdebstrap", f"--mode={mode}", "--variant=minbase", "--format=tar", *options)
        + ("--dpkgopt=force-unsafe-io", suite, str(target), str(listing)),
        cwd=work,
        timeout_s=_TIMEOUT_S,
        environment={
            **proxies,
            **environment,
            "SOURCE_DATE_EPOCH": str(EPOCH_S),
            "TMPDIR": str(work),
        },
        hint="a Debian image needs mmdebstrap: apt-get install mmdebstrap",
    )
    if not target.is_file():
        raise BuildError("mmdebstrap left no archive")


def _rewrite(raw: Path, path: Path, sources: str, kept: str) -> int:
    """Copy the tar without what belongs to the machine or the moment; the number of packages."""
    packages = 0
    with (
        tarfile.open(raw, "r|") as source,
        tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as to,
    ):
        for member in source:
            member.name = member.name.removeprefix("./").strip("/")
            if not _is_kept(member):
                continue
            if member.islnk():
                member.linkname = member.linkname.removeprefix("./")
            packages += bool(_PACKAGE_LIST.match(member.name))
            to.addfile(canonical(member), source.extractfile(member) if member.isreg() else None)
        for member, data in _additions(sources, kept):
            to.addfile(canonical(member), io.BytesIO(data))
    return packages


def _is_kept(member: tarfile.TarInfo) -> bool:
    if member.name in ("", ".") or member.name in _HOST_FILES or _DROPPED.match(member.name):
        return False
    return member.isdir() or member.size == 0 or not _EMPTIED.match(member.name)


def _additions(sources: str, kept: str) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    files = dict(_ADDED)
    files["etc/apt/sources.list.d/debian.sources"] = (sources, 0o644)
    if kept:
        files["etc/apt/apt.conf.d/81machine"] = (kept, 0o644)
    for name, (text, mode) in sorted(files.items()):
        member = tarfile.TarInfo(name)
        data = text.encode()
        member.mode, member.size = mode, len(data)
        yield member, data
