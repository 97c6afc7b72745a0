"""Owns the mounts of RUN as rules see them: their fields, and the paths that are covered while it runs.

A mount that cannot be read is passed over, since planning says why. It refuses to resolve `from`.

Specification: section 3.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lithify.compiler.lower.mount_fields import read_mount
from lithify.errors import SourceError
from lithify.grammar.ast import Run

if TYPE_CHECKING:
    from lithify.compiler.lint.insight.story import Place
    from lithify.compiler.lower.mount_fields import MountFields
    from lithify.grammar.ast import Flag


class Mounted(NamedTuple):
    """A mount of an instruction; `target` is absolute, '' if it is only a variable or not known."""

    flag: Flag
    fields: MountFields
    target: str


def mounts(place: Place) -> tuple[Mounted, ...]:
    """The mounts of a RUN; none of another instruction."""
    found: list[Mounted] = []
    if not isinstance(place.instruction, Run):
        return ()
    for flag in place.instruction.flags:
        if flag.name != "mount":
            continue
        try:
            fields = read_mount(flag.value or "", place.line.value, flag.span)
        except SourceError:
            continue
        target = fields.target
        if fields.kind == "secret" and not target and not fields.env:
            target = f"/run/secrets/{fields.name}"
        found.append(Mounted(flag, fields, (target and place.absolute(target)) or ""))
    return tuple(found)
