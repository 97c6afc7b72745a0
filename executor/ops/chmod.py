"""Owns the modes of --chmod: octal for everything, or symbolic per object.

Symbolic modes follow chmod(1) with an umask of 0, as the reference does. It refuses anything else with the
reference's message.
"""

from __future__ import annotations

import re
import stat as stat_bits

from lithify.errors import BuildError
from lithify.values import dataclass

_OCTAL = re.compile(r"[0-7]+\Z")
_CLAUSE = re.compile(r"([ugoa]*)((?:[-+=][rwxXstugo]*)+)\Z")
_ACTION = re.compile(r"([-+=])([rwxXstugo]*)")
_LARGEST = 0o7777
_SHIFTS = {"u": 6, "g": 3, "o": 0}
_BITS = {"r": 4, "w": 2, "x": 1}


@dataclass(frozen=True, slots=True)
class Chmod:
    """A parsed --chmod: `octal` applies to created parents as well, `clauses` only to what is copied."""

    octal: int | None = None
    clauses: tuple[tuple[str, str, str], ...] = ()

    @property
    def created_directory_mode(self) -> int:
        return 0o755 if self.octal is None else self.octal

    def applied(self, mode: int, *, is_directory: bool) -> int:
        """The permission and special bits that an object gets."""
        if self.octal is not None:
            return self.octal
        # As in BSD's setmode(3), X asks for the mode before any clause changed it.
        executable = is_directory or bool(mode & 0o111)
        for who, operator, what in self.clauses:
            plain = what.replace("X", "x" if executable else "")
            mode = _applied(mode, who, operator, plain, is_directory)
        return mode


def parse_chmod(text: str) -> Chmod:
    """What --chmod says; '' changes nothing. Raises BuildError for anything that is not a mode."""
    if not text:
        return Chmod()
    if _OCTAL.match(text):
        octal = int(text, 8)
        if octal > _LARGEST:
            raise _invalid(text)
        return Chmod(octal=octal)
    clauses = []
    for part in text.split(","):
        clause = _CLAUSE.match(part)
        if clause is None:
            raise _invalid(text)
        who = "ugo" if not clause[1] or "a" in clause[1] else clause[1]
        clauses += [(who, operator, what) for operator, what in _ACTION.findall(clause[2])]
    return Chmod(clauses=tuple(clauses))


def _invalid(text: str) -> BuildError:
    return BuildError(
        f"invalid chmod parameter: '{text}'. it should be octal string and between 0 and 07777",
        hint="a symbolic mode such as u+x,go-w is possible as well",
    )


def _applied(mode: int, who: str, operator: str, what: str, is_directory: bool) -> int:
    change = cleared = 0
    for one in who:
        shift = _SHIFTS[one]
        change |= _permissions(mode, what) << shift
        cleared |= 7 << shift
    change |= _special(who, what)
    if operator == "+":
        return mode | change
    if operator == "-":
        return mode & ~change
    if not is_directory:
        cleared |= _special(who, "st")
    return mode & ~cleared | change


def _permissions(mode: int, what: str) -> int:
    """Three bits: named ones, and those copied from another class."""
    bits = 0
    for one in what:
        if one in _BITS:
            bits |= _BITS[one]
        elif one in _SHIFTS:
            bits |= mode >> _SHIFTS[one] & 7
    return bits


def _special(who: str, what: str) -> int:
    bits = 0
    if "s" in what:
        bits |= stat_bits.S_ISUID if "u" in who else 0
        bits |= stat_bits.S_ISGID if "g" in who else 0
    if "t" in what and "o" in who:
        bits |= stat_bits.S_ISVTX
    return bits
