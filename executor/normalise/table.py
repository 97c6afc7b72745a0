"""Owns the list of normalisers: every liberty taken with what a RUN wrote, named and versioned.

It exists so that the liberties can be counted, shown and switched off together (`--faithful`). It
refuses anything that a program could notice at run time: only caches, logs and stamps are touched.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from lithify.executor.normalise.files import (
    drop_apt_package_caches,
    drop_installer_logs,
    drop_ldconfig_cache,
    drop_machine_id,
    drop_npm_logs,
    drop_uv_stamps,
)
from lithify.executor.normalise.packagedb import settle_package_databases
from lithify.executor.normalise.pyc import settle_bytecode
from lithify.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from lithify.executor.snapshot.changes import Changes

MOST_NAMED = 3


class Tier(enum.Enum):
    """SILENT ones touch what is useless outside the machine that wrote it; NOTED ones are told to
    the user."""

    SILENT = "silent"
    NOTED = "noted"


@dataclass(frozen=True, slots=True)
class Normaliser:
    """`run` changes the step's files and returns the paths it touched; a new version means other
    bytes."""

    name: str
    version: int
    tier: Tier
    doc: str
    run: Callable[[Changes], list[str]]


NORMALISERS = (
    Normaliser(
        "ldconfig-cache",
        1,
        Tier.SILENT,
        "drop ldconfig's aux-cache, which holds device, inode and ctime of the building machine",
        drop_ldconfig_cache,
    ),
    Normaliser(
        "installer-logs",
        1,
        Tier.NOTED,
        "drop what apt, dpkg, dnf, yum, alternatives and fontconfig logged",
        drop_installer_logs,
    ),
    Normaliser(
        "apt-package-cache",
        1,
        Tier.NOTED,
        "drop apt's binary package caches, which apt makes again from the lists",
        drop_apt_package_caches,
    ),
    Normaliser(
        "machine-id",
        1,
        Tier.NOTED,
        "empty /etc/machine-id and drop D-Bus's copy if the step made them",
        drop_machine_id,
    ),
    Normaliser(
        "npm-logs",
        1,
        Tier.NOTED,
        "drop npm's debug logs, whose names are times",
        drop_npm_logs,
    ),
    Normaliser(
        "uv-stamps",
        1,
        Tier.NOTED,
        "drop uv_cache.json of installed packages and its line in RECORD",
        drop_uv_stamps,
    ),
    Normaliser(
        "package-database",
        1,
        Tier.NOTED,
        "check the journals of rpm's and dnf's databases in, and drop them",
        settle_package_databases,
    ),
    Normaliser(
        "python-bytecode",
        1,
        Tier.NOTED,
        "make time-checked .pyc files whose source got another time hash-checked (PEP 552)",
        settle_bytecode,
    ),
)


def normalise(changes: Changes) -> None:
    """Run all normalisers over a scanned step; what the NOTED ones touched is added to its
    notes."""
    for one in NORMALISERS:
        touched = one.run(changes)
        if touched and one.tier is Tier.NOTED:
            named = ", ".join(f"/{path}" for path in sorted(touched)[:MOST_NAMED])
            more = f" and {len(touched) - MOST_NAMED} more" if len(touched) > MOST_NAMED else ""
            changes.notes.append(f"{one.name} v{one.version}: {named}{more}")
