"""Owns the meaning of users and groups: `--chown`, WORKDIR's owner and the identity of a RUN's process.

/etc/passwd and /etc/group of the image decide, read inside the image's root, bounded, and only if they are regular
files: both are written by strangers. It refuses to ask the builder's own machine anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.errors import BuildError
from lithify.executor.tree import resolve
from lithify.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.executor.tree import Tree

_PASSWD = "etc/passwd"
_GROUP = "etc/group"
_LARGEST_FILE = 10 * 1024 * 1024
_LARGEST_ID = (1 << 32) - 2
_LONGEST_NUMBER = 10


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """Who a process runs as; `groups` always holds the primary one."""

    uid: int
    gid: int
    groups: tuple[int, ...]
    home: str


@dataclass(frozen=True, slots=True)
class _User:
    name: str
    uid: int
    gid: int
    home: str


@dataclass(frozen=True, slots=True)
class _Group:
    name: str
    gid: int
    members: tuple[str, ...]


def copy_owner(tree: Tree, text: str) -> tuple[int, int]:
    """Owner and group that `user[:group]` of --chown or a WORKDIR's USER mean; '' is 0:0.

    A number stands for itself, and alone for the group as well; a name is looked up in the image (reference
    semantics, 3.4). Raises BuildError for a name that the image doesn't know: the reference silently takes root,
    which hides a mistake."""
    user, _, group = text.partition(":")
    uid = gid = 0
    if user:
        number = _number(user)
        if number is not None:
            uid = gid = number
        elif (entry := _find_user(tree, user)) is not None:
            uid, gid = entry.uid, entry.gid
        elif user != "root":
            raise _unknown("user", user, _PASSWD)
    if group:
        number = _number(group)
        if number is not None:
            gid = number
        elif (found := _find_group(tree, group)) is not None:
            gid = found.gid
        elif group == "root":
            gid = 0
        else:
            raise _unknown("group", group, _GROUP)
    return uid, gid


def process_identity(tree: Tree, user: str) -> ProcessIdentity:
    """Who `USER user` means for a RUN (reference semantics, USER). Raises BuildError for unknown names."""
    name, _, group = user.partition(":")
    number = _number(name) if name else 0
    entry = _find_user(tree, name, number)
    if entry is not None:
        uid, gid, home = entry.uid, entry.gid, entry.home or "/"
    elif number is not None or name == "root":
        uid, gid, home = number or 0, 0, "/"
    else:
        raise BuildError(
            f"unable to find user {name}: no matching entries in passwd file",
            hint="create the user in an earlier RUN, or give a number",
        )
    if group:
        gid = _group_id(tree, group)
        return ProcessIdentity(uid, gid, (gid,), home)
    return ProcessIdentity(uid, gid, _memberships(tree, entry, gid), home)


def _group_id(tree: Tree, group: str) -> int:
    number = _number(group)
    found = _find_group(tree, group)
    if found is not None:
        return found.gid
    if number is not None:
        return number
    if group == "root":
        return 0
    raise BuildError(
        f"unable to find group {group}: no matching entries in group file",
        hint="create the group in an earlier RUN, or give a number",
    )


def _memberships(tree: Tree, entry: _User | None, gid: int) -> tuple[int, ...]:
    """The primary group and every group that lists the user."""
    groups = [gid]
    if entry is not None:
        groups += [one.gid for one in _groups(tree) if entry.name in one.members]
    return tuple(dict.fromkeys(groups))


def _unknown(what: str, name: str, path: str) -> BuildError:
    return BuildError(
        f'cannot find {what} "{name}" in /{path}',
        hint=f"create it in an earlier RUN, or give a number instead of {name}",
    )


def _number(text: str) -> int | None:
    """The id that a text of digits means. Raises BuildError if it is too large to be one."""
    if not (text.isascii() and text.isdigit()):
        return None
    if len(text) > _LONGEST_NUMBER or int(text) > _LARGEST_ID:
        raise BuildError(f"invalid user or group id {text[:20]}: the largest is {_LARGEST_ID}")
    return int(text)


def _find_user(tree: Tree, name: str, number: int | None = None) -> _User | None:
    for entry in _users(tree):
        if entry.name == name or (number is not None and entry.uid == number):
            return entry
    return None


def _find_group(tree: Tree, name: str) -> _Group | None:
    return next((entry for entry in _groups(tree) if entry.name == name), None)


def _users(tree: Tree) -> Iterator[_User]:
    for fields in _lines(tree, _PASSWD):
        uid, gid = _id(fields, 2), _id(fields, 3)
        if uid is not None and gid is not None:
            yield _User(fields[0], uid, gid, fields[5] if len(fields) > 5 else "")


def _groups(tree: Tree) -> Iterator[_Group]:
    for fields in _lines(tree, _GROUP):
        gid = _id(fields, 2)
        if gid is not None:
            members = tuple(fields[3].split(",")) if len(fields) > 3 and fields[3] else ()
            yield _Group(fields[0], gid, members)


def _id(fields: list[str], at: int) -> int | None:
    text = fields[at].strip() if at < len(fields) else ""
    if not (text.isascii() and text.isdigit()) or len(text) > _LONGEST_NUMBER:
        return None
    return int(text) if int(text) <= _LARGEST_ID else None


def _lines(tree: Tree, path: str) -> Iterator[list[str]]:
    """The fields of every line that has a name; nothing if the file is missing or no regular file."""
    target = resolve(path, tree.readlink)
    stat = tree.lstat(target)
    if stat is None or not stat.is_regular:
        return
    if stat.size > _LARGEST_FILE:
        raise BuildError(f"/{path} of the image is larger than {_LARGEST_FILE} bytes")
    parts: list[bytes] = []
    tree.content(target, stat).copy_to(parts.append)
    for line in b"".join(parts).decode("utf-8", "surrogateescape").split("\n"):
        fields = line.strip().split(":")
        if fields[0] and not fields[0].startswith("#"):
            yield fields
