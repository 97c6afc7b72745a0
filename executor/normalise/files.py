"""Owns the normalisers that drop whole files.

Dropping a file means undoing the step's writing of it: a log that the base image has shows the
base's content again. It refuses to touch files by guess: names are listed exactly.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lithify.executor.snapshot.changes import Changes

_LOGS = re.compile(
    r"var/log/("
    r"alternatives\.log|bootstrap\.log|dpkg\.log|fontconfig\.log"
    r"|apt/(history\.log|term\.log|eipp\.log\.xz)"
    r"|dnf(5|\.librepo|\.rpm)?\.log|hawkey\.log|yum\.log"
    r")"
)
_NPM_LOG = re.compile(r"(.*/)?(\.npm|npm-cache)/_logs/[^/]+-debug-\d+\.log")
_UV_STAMP = re.compile(r"(.*\.dist-info)/uv_cache\.json")
_MOST_RECORD_BYTES = 16 * 1024 * 1024


def drop_ldconfig_cache(changes: Changes) -> list[str]:
    return _drop(changes, ["var/cache/ldconfig/aux-cache"])


def drop_installer_logs(changes: Changes) -> list[str]:
    return _drop(changes, [path for path in changes.files() if _LOGS.fullmatch(path)])


def drop_apt_package_caches(changes: Changes) -> list[str]:
    return _drop(changes, ["var/cache/apt/pkgcache.bin", "var/cache/apt/srcpkgcache.bin"])


def drop_npm_logs(changes: Changes) -> list[str]:
    return _drop(changes, [path for path in changes.files() if _NPM_LOG.fullmatch(path)])


def drop_machine_id(changes: Changes) -> list[str]:
    """systemd takes an empty /etc/machine-id for "not set yet"; D-Bus wants its own file absent
    instead."""
    touched = []
    if changes.is_file("etc/machine-id"):
        before = changes.lower.read("etc/machine-id", 64)
        if before is None:
            changes.replace("etc/machine-id", b"")
            touched.append("etc/machine-id")
        elif not before.strip():
            touched += _drop(changes, ["etc/machine-id"])
    if changes.lower.status("var/lib/dbus/machine-id") is None:
        touched += _drop(changes, ["var/lib/dbus/machine-id"])
    return touched


def drop_uv_stamps(changes: Changes) -> list[str]:
    touched = []
    for path in list(changes.files()):
        match = _UV_STAMP.fullmatch(path)
        record = f"{match[1]}/RECORD" if match else ""
        content = changes.read(record, _MOST_RECORD_BYTES) if changes.is_file(record) else None
        if match is None or content is None:
            continue
        own = f"{match[1].rpartition('/')[2]}/uv_cache.json,".encode("utf-8", "surrogateescape")
        lines = content.splitlines(keepends=True)
        changes.replace(record, b"".join(line for line in lines if not line.startswith(own)))
        changes.drop(path)
        touched.append(path)
    return touched


def _drop(changes: Changes, paths: Iterable[str]) -> list[str]:
    touched = [path for path in paths if changes.is_file(path)]
    for path in touched:
        changes.drop(path)
    return touched
