"""Owns WORKDIR: the directory that a layer must have.

It refuses to change what exists: only directories that are missing are made (reference semantics, WORKDIR).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.executor.ops.owner import copy_owner
from lithify.executor.ops.upper import Upper

if TYPE_CHECKING:
    from lithify.compiler.plan import WorkdirOp
    from lithify.executor.entries import Entry
    from lithify.executor.tree import Tree


def workdir_entries(op: WorkdirOp, parent: Tree) -> list[Entry]:
    """The entries of the layer that a WORKDIR makes; none if the directory is there.

    Raises BuildError if something else is in the way, or the user is unknown."""
    upper = Upper(parent)
    target = upper.resolve(op.path)
    if upper.is_directory(target):
        return []
    upper.directory(target, 0o755, copy_owner(parent, op.user))
    return upper.entries()
