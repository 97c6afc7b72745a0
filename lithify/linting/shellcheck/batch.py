"""Owns how scripts are put into one: most of ShellCheck's time goes into starting anew for each of them.

Every script stands in parentheses of its own, so that none changes what the next one finds; those that could
nevertheless speak to each other, by variables of the same name, functions or shell options, are kept apart. What is
said of a batch is given back to its scripts. It refuses to run anything.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from lithify.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MOST_SCRIPTS = 120
_MOST_BYTES = 128 * 1024
#: How many unfinished batches are looked at for a place.
_MOST_OPEN = 12
_WORD = r"[A-Za-z_][A-Za-z0-9_]*"
_REFERENCE = re.compile(rf"\$(?:\{{[!#]?)?({_WORD})|\(\(([^()]*)\)\)")
_ASSIGNED = re.compile(
    rf"(?<![\w${{])({_WORD})(?:\[[^\]]*\])?\+?=(?!=)|\b(?:for|select)\s+({_WORD})"
)
_TAKEN = re.compile(r"\b(?:read|mapfile|readarray|export|local|declare|typeset|readonly|getopts|unset|"
                    r"printf\s+-v)\b([^;&|\n]*)")  # fmt: skip
_OPTIONS = re.compile(r"\b(?:set|shopt)\s+([-+][^;&|\n]*)")
#: What works beyond the place where it is written.
_FAR_REACHING = re.compile(
    rf"\b{_WORD}\s*\(\s*\)|\bfunction\b|\balias\b|\btrap\b|\bsource\b|(?:^|[;&|\s])\.\s|shellcheck\s",
)
#: Set by the system or the shell: they are no script's own.
_COMMON = frozenset(
    ("HOME", "PATH", "PWD", "OLDPWD", "USER", "SHELL", "HOSTNAME", "UID", "TERM", "LANG", "IFS",
     "RANDOM", "LINENO", "PPID", "TMPDIR")
)  # fmt: skip
_NAMES = re.compile(_WORD)


class Request(NamedTuple):
    """A script as ShellCheck is asked about it; equal ones are asked about once.

    One that is not `is_readable` might end at the parentheses around another."""

    dialect: str
    variables: frozenset[str]
    text: str
    is_readable: bool = True


class Replacement(NamedTuple):
    """Text in the place of a range of a script."""

    start: int
    end: int
    text: str


class Comment(NamedTuple):
    """What ShellCheck says of a range of a script."""

    code: int
    level: str
    message: str
    start: int
    end: int
    replacements: tuple[Replacement, ...] = ()


class Traits(NamedTuple):
    """Which variables a script sets, which it looks up, and which of these nobody gives it; `options` of the shell
    that it changes."""

    assigned: frozenset[str]
    free: frozenset[str]
    unknown: frozenset[str]
    options: tuple[str, ...]
    is_alone: bool


def traits(request: Request) -> Traits:
    """What of a script could be felt by others in one batch with it."""
    text = request.text
    assigned = {one or other for one, other in _ASSIGNED.findall(text)}
    for words in _TAKEN.findall(text):
        assigned.update(_NAMES.findall(words))
    looked_up: set[str] = set()
    for name, arithmetic in _REFERENCE.findall(text):
        looked_up.update((name,) if name else _NAMES.findall(arithmetic))
    free = looked_up - _COMMON
    is_alone = bool(_FAR_REACHING.search(text)) or text.startswith("#!")
    unknown = free - assigned - request.variables
    options = tuple(_OPTIONS.findall(text))
    is_alone = is_alone or not request.is_readable
    return Traits(frozenset(assigned), frozenset(free), frozenset(unknown), options, is_alone)


@dataclass(slots=True)
class Batch:
    """Requests that are asked about together."""

    dialect: str
    options: tuple[str, ...]
    requests: list[Request] = field(default_factory=list)
    assigned: set[str] = field(default_factory=set)
    looked_up: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    given: set[str] = field(default_factory=set)
    size: int = 0

    def takes(self, request: Request, own: Traits) -> bool:
        """Whether a script can be added without anyone noticing."""
        return (
            (self.dialect, self.options) == (request.dialect, own.options)
            and len(self.requests) < _MOST_SCRIPTS
            and self.size + len(request.text) <= _MOST_BYTES
            and own.assigned.isdisjoint(self.assigned)
            and own.assigned.isdisjoint(self.looked_up)
            and own.free.isdisjoint(self.assigned)
            and own.unknown.isdisjoint(self.given)
            and request.variables.isdisjoint(self.unknown)
            and request.variables.isdisjoint(self.assigned)
            and self._guesses_the_same(request, own)
        )

    def _guesses_the_same(self, request: Request, own: Traits) -> bool:
        """Of an unknown name in capitals it is guessed which given or assigned one was meant."""
        if not _in_capitals(own.unknown | self.unknown):
            return True
        return not _in_capitals(own.assigned | self.assigned) and self.given == request.variables

    def add(self, request: Request, own: Traits) -> None:
        self.requests.append(request)
        self.assigned |= own.assigned
        self.looked_up |= own.free | request.variables
        self.unknown |= own.unknown
        self.given |= request.variables
        self.size += len(request.text)


def _in_capitals(names: Iterable[str]) -> bool:
    """Whether any name is written as those of the environment are."""
    return any(name.isupper() for name in names)


def batches(requests: Iterable[Request]) -> list[Batch]:
    """All requests, in as few batches as possible."""
    done: list[Batch] = []
    unfinished: list[Batch] = []
    for request in requests:
        own = traits(request)
        if own.is_alone:
            done.append(alone(request))
            continue
        batch = next((one for one in unfinished if one.takes(request, own)), None)
        if batch is None:
            batch = Batch(request.dialect, own.options)
            unfinished.append(batch)
            if len(unfinished) > _MOST_OPEN:
                done.append(unfinished.pop(0))
        batch.add(request, own)
    return done + unfinished


def alone(request: Request) -> Batch:
    """A batch of one."""
    return Batch(request.dialect, (), [request])


class Written(NamedTuple):
    """The text of a batch, and where each script begins in it; `lines` are offsets of all lines."""

    text: str
    starts: tuple[int, ...]
    lines: tuple[int, ...]


def written(batch: Batch) -> Written:
    """The script that ShellCheck gets. A single one stands as it is, below the variables."""
    variables = sorted(set().union(*(one.variables for one in batch.requests)))
    pieces = [f"#!/bin/{batch.dialect}\n", *(f"export {name}=1\n" for name in variables)]
    opening, closing = ("(\n", "\n)\n") if len(batch.requests) > 1 else ("", "\n")
    starts = []
    at = sum(map(len, pieces))
    for request in batch.requests:
        text = request.text
        # Its first line names the shell, but here it is not the first.
        text = f"##{text[2:]}" if text.startswith("#!") else text
        pieces += (opening, text, closing)
        starts.append(at + len(opening))
        at += len(opening) + len(text) + len(closing)
    whole = "".join(pieces)
    lines = (0, *(match.end() for match in re.finditer("\n", whole)))
    return Written(whole, tuple(starts), lines)


def given_back(
    batch: Batch, form: Written, comments: Sequence[Comment]
) -> dict[Request, tuple[Comment, ...]]:
    """What was said of the whole, by script and with offsets in it."""
    found: dict[Request, list[Comment]] = {request: [] for request in batch.requests}
    for comment in comments:
        index = bisect_right(form.starts, comment.start) - 1
        if index < 0:
            continue
        request, start = batch.requests[index], form.starts[index]
        # What is missing at the end is missed on the line below.
        if comment.start <= start + len(request.text) + 1:
            found[request].append(_moved(comment, -start, len(request.text)))
    return {request: tuple(said) for request, said in found.items()}


def _moved(comment: Comment, by: int, most: int) -> Comment:
    def place(at: int) -> int:
        return min(max(at + by, 0), most)

    edits = tuple(
        Replacement(place(one.start), place(one.end), one.text) for one in comment.replacements
    )
    return comment._replace(start=place(comment.start), end=place(comment.end), replacements=edits)
