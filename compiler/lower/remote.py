"""Owns the recognition of remote sources of ADD: git repositories and HTTP(S) addresses.

Specification: sections 3.5 and 4.5.
"""

from __future__ import annotations

import re

from lithify.compiler.plan import GitSource, UrlSource
from lithify.grammar.words import quoted
from lithify.values import dataclass, replace

_SCP = re.compile(r"([a-zA-Z0-9\-_]+)@([a-zA-Z0-9\-.]+):(.*?)(?:\?(.*?))?(?:#(.*))?\Z")
_URL = re.compile(r"(git|ssh|https?)://([^?#]*)(?:\?([^#]*))?(?:#(.*))?\Z")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_COMMIT = re.compile(r"[0-9a-fA-F]{1,64}\Z")
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}\Z")
_ALGORITHM = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+\Z")
_BOOLEANS = {
    **dict.fromkeys(("", "1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}
_TEXT_KEYS = ("ref", "tag", "branch", "subdir", "checksum", "commit", "mtime")
_BOOLEAN_KEYS = ("keep-git-dir", "submodules", "fetch-by-commit")


@dataclass(frozen=True, slots=True)
class _Address:
    """A git address taken apart: what to clone, `?query`, `#fragment`."""

    url: str
    query: str
    fragment: str


def is_url(text: str) -> bool:
    """Whether a source is an HTTP(S) address; git addresses must be asked for first."""
    return text.startswith(("http://", "https://"))


def is_git(text: str) -> bool:
    """Whether a source is a git address (section 4.5); never raises."""
    return _git_address(text) is not None


def _git_address(text: str) -> _Address | None:
    match = _URL.match(text)
    if match is not None:
        scheme, path, query, fragment = match.groups()
        if scheme in ("http", "https") and not path.endswith(".git"):
            return None
        return _Address(f"{scheme}://{path}", query or "", fragment or "")
    match = _SCP.match(text)
    if match is None or "://" in text:
        return None
    return _Address(f"{match[1]}@{match[2]}:{match[3]}", match[4] or "", match[5] or "")


def parse_git(text: str) -> GitSource:
    """The repository of a git address. Raises ValueError for a wrong query."""
    address = _git_address(text)
    assert address is not None
    query = _parse_query(address.query)
    ref, _, subdir = address.fragment.partition(":")
    ref = _merged("ref", ref, _ref(query))
    subdir = _merged("subdir", subdir, query.get("subdir", ""))
    checksum = _merged("checksum", query.get("checksum", ""), query.get("commit", ""))
    if checksum:
        _check_commit(checksum)
    return GitSource(
        address.url,
        ref,
        subdir,
        checksum,
        _boolean(query, "keep-git-dir", default=False),
        _boolean(query, "submodules", default=True),
        query.get("mtime") == "commit",
    )


def _ref(query: dict[str, str]) -> str:
    if "tag" in query and "branch" in query:
        raise ValueError("branch conflicts with tag")
    if query.get("mtime", "checkout") not in ("checkout", "commit"):
        raise ValueError(f"invalid mtime value: {quoted(query['mtime'])}")
    _boolean(query, "fetch-by-commit", default=False)
    ref = query.get("ref", "")
    for key, prefix in (("tag", "refs/tags/"), ("branch", "refs/heads/")):
        if key in query:
            ref = _merged("ref", ref, prefix + query[key])
    return ref


def _merged(name: str, first: str, second: str) -> str:
    if first and second and first != second:
        raise ValueError(f"{name} conflicts: {quoted(first)} vs {quoted(second)}")
    return first or second


def _parse_query(text: str) -> dict[str, str]:
    query: dict[str, str] = {}
    for part in filter(None, text.split("&")):
        key, equals, value = part.partition("=")
        key, value = _unescaped(key), _unescaped(value)
        if key not in _TEXT_KEYS and key not in _BOOLEAN_KEYS:
            raise ValueError(f"unexpected query {quoted(key)}")
        if key in query:
            raise ValueError(f"query {quoted(key)} has multiple values")
        if key in _TEXT_KEYS and not (equals and value):
            raise ValueError(f"query {quoted(key)} has no value")
        query[key] = value
    return query


def _unescaped(text: str) -> str:
    data = text.replace("+", " ").encode("latin-1", "replace")
    pattern = re.compile(_ESCAPE.pattern.encode())
    plain = pattern.sub(lambda match: bytes((int(match[1], 16),)), data)
    return plain.decode("utf-8", "replace")


def _boolean(query: dict[str, str], key: str, *, default: bool) -> bool:
    if key not in query:
        return default
    if query[key] not in _BOOLEANS:
        raise ValueError(f"invalid {key} value: {quoted(query[key])}")
    return _BOOLEANS[query[key]]


def _check_commit(checksum: str) -> None:
    if not _COMMIT.match(checksum):
        raise ValueError(f"invalid checksum {quoted(checksum)}: expected hex commit hash")


def with_git_flags(source: GitSource, checksum: str, keep_git_dir: bool | None) -> GitSource:
    """The repository with ADD's flags, which must agree with the address. Raises ValueError."""
    if checksum:
        _check_commit(checksum)
        if source.checksum and source.checksum != checksum:
            message = f"checksum mismatch {quoted(checksum)} != {quoted(source.checksum)}"
            raise ValueError(message)
    if keep_git_dir is False and source.keep_git_dir:
        raise ValueError("inconsistent keep-git-dir configuration")
    return replace(
        source,
        checksum=checksum or source.checksum,
        keep_git_dir=source.keep_git_dir or bool(keep_git_dir),
    )


def parse_url(text: str, checksum: str) -> UrlSource:
    """A file to download. Raises ValueError for a checksum that is not sha256."""
    if checksum and not _SHA256.match(checksum):
        is_digest = _ALGORITHM.match(checksum) and not checksum.startswith("sha256:")
        reason = "unsupported digest algorithm" if is_digest else "invalid checksum digest format"
        raise ValueError(f"{reason}: {checksum}")
    return UrlSource(text, checksum)
