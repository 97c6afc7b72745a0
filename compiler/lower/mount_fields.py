"""Owns the text of one `--mount`: its keys, their values' forms, and which type allows which.

Reading the text is apart from making the mount, because errors of this level depend on the order in which the
keys are written. It refuses to know stages and paths.

Specification: section 3.2 (--mount) and section 0 (ParseBool, RAMInBytes).
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from lithify.errors import SourceError, closest
from lithify.grammar.parser import parse_mount
from lithify.grammar.words import quoted
from lithify.values import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Callable

    from lithify.errors import Span

MOUNT_TYPES = ("bind", "cache", "tmpfs", "secret", "ssh")
SHARINGS = ("shared", "private", "locked")
_TEXT_KEYS = {
    "from": "origin",
    "source": "source",
    "src": "source",
    "target": "target",
    "dst": "target",
    "destination": "target",
    "id": "id",
    "env": "env",
}
_NUMBER_KEYS = {"mode": 8, "uid": 10, "gid": 10}
_KEYS = (*_TEXT_KEYS, *_NUMBER_KEYS, "type", "readonly", "ro", "readwrite", "rw", "required",
         "size", "sharing")  # fmt: skip
_TRUE = frozenset(("1", "t", "T", "TRUE", "true", "True"))
_FALSE = frozenset(("0", "f", "F", "FALSE", "false", "False"))
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+) ?(?:([kmgtp])i?b?|b?)\Z", re.IGNORECASE)
_MOST_BYTES = 2**63 - 1


@dataclass(frozen=True, slots=True)
class MountFields:
    """A `--mount` as written, values expanded and read; `read_only` None is the type's default."""

    kind: str = "bind"
    origin: str = ""
    source: str = ""
    target: str = ""
    id: str = ""
    env: str = ""
    sharing: str = ""
    read_only: bool | None = None
    required: bool = False
    size_bytes: int = 0
    mode: int | None = None
    uid: int | None = None
    gid: int | None = None

    @property
    def name(self) -> str:
        """The id of a secret or an SSH agent, as it is given or by default."""
        if self.kind == "ssh":
            return self.id or "default"
        return self.id or self.source or posixpath.basename(self.target)


def read_mount(value: str, expand: Callable[[str], str], span: Span) -> MountFields:
    """Read one `--mount`; all values but that of `from` are expanded. Raises SourceError."""
    fields = MountFields()
    for key, text in parse_mount(value, span):
        try:
            if text is None:
                fields = _with_word(fields, key)
            else:
                text = text if key == "from" else expand(text)
                fields = _with_value(fields, key, text)
        except ValueError as error:
            guess = _guess(key, text)
            raise SourceError(str(error), span=span, suggestion=guess) from error
    try:
        _check_whole(fields)
    except ValueError as error:
        raise SourceError(str(error), span=span) from error
    return fields


def _guess(key: str, text: str | None) -> str:
    if text is None:
        return ""
    if key == "type":
        return closest(text.lower(), MOUNT_TYPES)
    if key == "sharing":
        return closest(text.lower(), SHARINGS)
    return closest(key, _KEYS)


def _with_word(fields: MountFields, key: str) -> MountFields:
    if key in ("ro", "readonly"):
        return replace(fields, read_only=True)
    if key in ("rw", "readwrite"):
        return replace(fields, read_only=False)
    if key == "required":
        _check_allowed(fields, key, ("secret", "ssh"))
        return replace(fields, required=True)
    raise ValueError(f"invalid field '{key}' must be a key=value pair")


def _with_value(fields: MountFields, key: str, text: str) -> MountFields:
    if key in _TEXT_KEYS:
        return _with_text(fields, _TEXT_KEYS[key], text)
    if key in _NUMBER_KEYS:
        return _with_number(fields, key, text)
    match key:
        case "ro" | "readonly":
            return replace(fields, read_only=_boolean(key, text))
        case "rw" | "readwrite":
            return replace(fields, read_only=not _boolean(key, text))
        case "required":
            _check_allowed(fields, key, ("secret", "ssh"))
            return replace(fields, required=_boolean(key, text))
        case "size":
            _check_allowed(fields, key, ("tmpfs",))
            return replace(fields, size_bytes=_parse_size(key, text))
        case "type":
            _check_choice(text, MOUNT_TYPES, "unsupported mount type")
            return replace(fields, kind=text.lower())
        case "sharing":
            _check_choice(text, SHARINGS, "unsupported sharing value")
            return replace(fields, sharing=text.lower())
        case _:
            raise ValueError(f"unexpected key '{key}' in '{key}={text}'")


def _check_choice(text: str, choices: tuple[str, ...], message: str) -> None:
    if text.lower() not in choices:
        raise ValueError(f"{message} {quoted(text)}")


def _with_text(fields: MountFields, member: str, text: str) -> MountFields:
    match member:
        case "origin":
            return replace(fields, origin=text)
        case "source":
            return replace(fields, source=text)
        case "target":
            return replace(fields, target=text)
        case "id":
            return replace(fields, id=text)
        case _:
            return replace(fields, env=text)


def _with_number(fields: MountFields, key: str, text: str) -> MountFields:
    try:
        number = int(text, _NUMBER_KEYS[key]) if text.isascii() and text.isdigit() else -1
    except ValueError:
        number = -1
    if not 0 <= number < 2**32:
        raise ValueError(f"invalid value {text} for {key}")
    if key == "mode":
        return replace(fields, mode=number)
    return replace(fields, uid=number) if key == "uid" else replace(fields, gid=number)


def _check_allowed(fields: MountFields, key: str, kinds: tuple[str, ...]) -> None:
    if fields.kind not in kinds:
        raise ValueError(f"unexpected key '{key}' for mount type '{fields.kind}'")


def _boolean(key: str, text: str) -> bool:
    if text not in _TRUE | _FALSE:
        raise ValueError(f"invalid value for {key}: {text}")
    return text in _TRUE


def _parse_size(key: str, text: str) -> int:
    match = _SIZE.match(text)
    if match is None or len(text) > 40:
        raise ValueError(f"invalid value for {key}: {text}")
    from fractions import Fraction  # few files have sizes

    number = Fraction(match[1] if not match[1].endswith(".") else match[1][:-1])
    power = "kmgtp".index(match[2].lower()) + 1 if match[2] else 0
    size = int(number * 1024**power)
    if size > _MOST_BYTES:
        raise ValueError(f"invalid value for {key}: {text}")
    return size


def _check_whole(fields: MountFields) -> None:
    kind = fields.kind
    if kind not in ("secret", "ssh", "cache"):
        for name, value in (("mode", fields.mode), ("uid", fields.uid), ("gid", fields.gid)):
            if value is not None:
                raise ValueError(f"{name} not allowed for {quoted(kind)} type mounts")
    if fields.sharing and kind != "cache":
        raise ValueError(f"invalid cache sharing set for {kind} mount")
    if kind == "secret":
        if fields.origin:
            raise ValueError("secret mount should not have a from")
        if not (fields.source or fields.target or fields.id):
            raise ValueError("invalid secret mount. one of source, target required")
        if fields.source and fields.id:
            raise ValueError("both source and id can't be set")
    if kind == "ssh" and fields.source:
        raise ValueError("ssh does not support source")
