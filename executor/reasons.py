"""Owns the words for what differs between two keys of a step: one phrase for each named leaf.

It compares leaves, so it can say what changed in the words of a Dockerfile, old and new value included. What needs
more than the leaves (which files, which step below) it asks of a `Witness`. It refuses to choose what to compare with.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lithify.cache.ports import Leaf

NO_CACHE = "the cache was not to be used (--no-cache)"
FIRST_RUN = "it has not run before"
GONE = "its earlier result is no longer in the store"
FAILED_BEFORE = "it failed the last time"
UNCLEAR = "its inputs differ from those of an earlier result that can't be read"
OTHER_FORM = "this version of lithify makes keys in another form"

_MOST_CHARACTERS = 60
_SHOWN_BEFORE = 20
_NAMES = {
    "platform": "the platform",
    "user": "USER",
    "cwd": "WORKDIR",
    "destination": "the destination",
    "epoch": "SOURCE_DATE_EPOCH",
    "network": "--network",
    "security": "--security",
    "hostname": "--hostname",
    "hosts": "--add-host",
    "shm size": "--shm-size",
    "chown": "--chown",
    "chmod": "--chmod",
    "exclude": "--exclude",
    "parents": "--parents",
    "unpack": "--unpack",
    "link": "--link",
    "faithful": "--faithful",
}
_PLAIN = {
    "layer form": "this version of lithify writes layers in another form",
    "normalisers": "this version of lithify normalises files differently",
}
_SWITCHES = ("parents", "link", "faithful")
#: What changes a whole build comes before what follows from it; so do flags before the files they select.
_RANKS = {
    **dict.fromkeys(("platform", "layer form", "normalisers", "faithful", "epoch"), 0),
    **dict.fromkeys(("chown", "chmod", "exclude", "parents", "unpack", "link"), 2),
    "source": 3,
    "destination": 4,
}


class Change(NamedTuple):
    """A leaf that differs; None where there was none."""

    name: str
    old: str | None
    new: str | None


class Witness(Protocol):
    """Knows what leaves only name by a digest."""

    def parent(self) -> str:
        """What changed of the file system that the step stands on."""

    def files(self, place: str, old: str, new: str) -> Sequence[str]:
        """Phrases for files, given two contents of a source (its number) or of a mount (its target)."""

    def variable(self, name: str) -> str:
        """A variable with where it comes from, as in `ARG VERSION`."""


def changes(new: Sequence[Leaf], old: Sequence[Leaf]) -> list[Change]:
    """Every leaf that differs: what concerns the whole build first, then in the order of the new ones."""
    before = {leaf.name: leaf.value for leaf in old}
    after = {leaf.name: leaf.value for leaf in new}
    names = [*after, *(name for name in before if name not in after)]
    names.sort(key=lambda name: _RANKS.get(name.partition(".")[0], 1))
    if before.get("link") != after.get("link"):
        names.remove("parent")  # with --link a step stands on nothing
    found = [Change(name, before.get(name), after.get(name)) for name in names]
    return [one for one in found if one.old != one.new]


def phrases(found: Sequence[Change], witness: Witness) -> tuple[str, ...]:
    """What differs, a line each, without repetition."""
    lines: dict[str, None] = {}
    for change in _paired(found):
        lines.update(dict.fromkeys(_phrase(change, witness)))
    return tuple(lines)


def _paired(found: Sequence[Change]) -> Iterator[Change]:
    """A mount that went and one of its kind that came are one change."""
    gone = [one for one in found if one.new is None and _is_mount(one.name)]
    for change in [one for one in found if one not in gone]:
        if change.old is None and change.new is not None and _is_mount(change.name):
            kind = json.loads(change.new)[0]
            partner = next((one for one in gone if json.loads(one.old or "[0]")[0] == kind), None)
            if partner is not None:
                gone.remove(partner)
                yield Change(f"{partner.name}\0{change.name}", partner.old, change.new)
                continue
        yield change
    yield from gone


def _is_mount(name: str) -> bool:
    return name.startswith(("mount", "secret."))


def _phrase(change: Change, witness: Witness) -> Sequence[str]:
    name, old, new = change
    kind, _, rest = name.partition(".")
    if name == "parent":
        return (witness.parent(),)
    if name in _PLAIN:
        return (_PLAIN[name],)
    if name == "text":
        return (_command(old, new),)
    if kind == "env":
        return (_from_to(witness.variable(rest), old, new),)
    if kind == "source":
        return _source(rest, old, new, witness)
    if _is_mount(name):
        return _mount(change, witness)
    if kind == "script":
        return (f"the script {rest} changed",)
    if kind == "ulimit":
        return (_from_to(f"--ulimit {rest}", old, new),)
    return (_flag(name, old, new),)


def _flag(name: str, old: str | None, new: str | None) -> str:
    what = _NAMES.get(name, name)
    if name in _SWITCHES:
        return f"{what} was {'added' if new == 'True' else 'removed'}"
    if name == "exclude":
        old, new = (", ".join(json.loads(value or "[]")) for value in (old, new))
    return _from_to(what, old, new)


def _from_to(what: str, old: str | None, new: str | None) -> str:
    before, after = shortened(old, new)
    return f"{what} changed from {before} to {after}"


def _command(old: str | None, new: str | None) -> str:
    before, after = json.loads(old or "[]"), json.loads(new or "[]")
    if before[:-1] == after[:-1]:
        return _from_to("the command", before[-1], after[-1])
    if before[-1:] == after[-1:]:
        return _from_to("SHELL", " ".join(before[:-1]), " ".join(after[:-1]))
    return _from_to("the command", " ".join(before), " ".join(after))


def _source(number: str, old: str | None, new: str | None, witness: Witness) -> Sequence[str]:
    position = int(number) + 1
    if old is None or new is None:
        return (f"source {position} was {'added' if old is None else 'removed'}",)
    before, after = json.loads(old), json.loads(new)
    if before[0] != after[0]:
        return (f"source {position} is now of another kind: {after[0]}, not {before[0]}",)
    match after[0]:
        case "files":
            return witness.files(number, before[-1], after[-1])
        case "inline":
            return (f"the heredoc {after[1]} changed",)
        case "url":
            return (f"the download {after[1]} changed",)
        case _:
            return (f"the git repository of source {position} changed",)


def _mount(change: Change, witness: Witness) -> Sequence[str]:
    old_name, _, new_name = change.name.partition("\0")
    place = _place(new_name or old_name)
    if change.old is None or change.new is None:
        kind = json.loads(change.new or change.old or '[""]')[0]
        return (f"the {kind} mount {place} was {'added' if change.old is None else 'removed'}",)
    before, after = json.loads(change.old), json.loads(change.new)
    kind = after[0]
    if before[0] != kind:
        return (f"the mount {place} is now a {kind} mount, not a {before[0]} mount",)
    if kind in ("secret", "ssh") and before[1] != after[1]:
        return (_from_to(f"the {kind} id", before[1], after[1]),)
    if new_name:
        return (f"the {kind} mount moved from {_place(old_name)} to {place}",)
    if kind == "bind" and before[:-1] == after[:-1]:
        return witness.files(place, before[-1], after[-1])
    if kind == "cache" and len(before) == len(after) == 3 and before[:2] == after[:2]:
        return (f"the first content of the cache mount {place} changed",)
    return (_from_to(f"the {kind} mount {place}", " ".join(before[1:]), " ".join(after[1:])),)


def _place(name: str) -> str:
    return name.partition(".")[2]


def shortened(old: str | None, new: str | None) -> tuple[str, str]:
    """Both values quoted; of long ones the part around the first difference."""
    start = 0
    if old is not None and new is not None and max(len(old), len(new)) > _MOST_CHARACTERS:
        same = next(
            (at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b),
            min(len(old), len(new)),
        )
        start = max(0, same - _SHOWN_BEFORE) if same > _MOST_CHARACTERS // 2 else 0
    return _cut(old, start), _cut(new, start)


def _cut(value: str | None, start: int) -> str:
    if value is None:
        return "unset"
    end = start + _MOST_CHARACTERS
    text = ("..." if start else "") + value[start:end] + ("..." if len(value) > end else "")
    return json.dumps(text, ensure_ascii=False)
