"""Owns what a bootstrap yields: a rootfs as a tar file, its config and its names.

It exists so that the recipes do not know the store: they make a tar, whoever asked imports it. Everything that could
differ between two runs over the same packages (times, order, owners' names) is fixed here, once, for all recipes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lithify.cache.oci import ContainerConfig

if TYPE_CHECKING:
    import tarfile
    from collections.abc import Callable
    from pathlib import Path

    #: Receives sentences worth telling the user while a recipe works.
    OnNote = Callable[[str], None]

#: 1980-01-01T00:00:00Z, the default epoch of every layer: the earliest time that zip files can hold.
EPOCH_S = 315532800
CREATED = "1980-01-01T00:00:00Z"
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class BootstrapImage:
    """A root file system in a tar file that belongs to the caller, and what the image is to be called.

    Equal package versions give equal bytes. `created` is RFC 3339; the first of `names` is the principal one."""

    tar_path: Path
    config: ContainerConfig
    names: tuple[str, ...]
    created: str = CREATED


def shell_config(*command: str) -> ContainerConfig:
    """The config of a base image: the default PATH and a command."""
    return ContainerConfig(env=(PATH,), cmd=command)


def canonical(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """The member with no time but the epoch and no names but numbers; changes it in place."""
    member.mtime = EPOCH_S
    member.uname = member.gname = ""
    member.pax_headers = {
        key: value for key, value in member.pax_headers.items() if key.startswith("SCHILY.xattr.")
    }
    return member
