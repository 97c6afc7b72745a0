"""Owns image references: how people write them, and the one full form behind it.

The rules are those of the distribution project's reference grammar, so that a name means the same here as to
every other tool. It refuses to look anything up.
"""

from __future__ import annotations

import re

from lithify.cache.digest import Digest
from lithify.errors import LithifyError
from lithify.values import dataclass

DEFAULT_DOMAIN = "docker.io"
DEFAULT_TAG = "latest"
_LEGACY_DOMAIN = "index.docker.io"
_OFFICIAL = "library/"
_MOST_CHARACTERS = 255

_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?\Z")
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*\Z")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\Z")
_IDENTIFIER = re.compile(r"[a-f0-9]{64}\Z")
_SHA256 = re.compile(r"sha256:[a-f0-9]{64}\Z")
_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}\Z")


class InvalidReference(LithifyError):
    """Text that is no image reference."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A full image name; a tag or a digest is always there (`latest` if none was written)."""

    domain: str
    path: str
    tag: str = ""
    digest: Digest | None = None

    @property
    def name(self) -> str:
        """The repository in full: domain and path."""
        return f"{self.domain}/{self.path}"

    @property
    def familiar_name(self) -> str:
        """The repository as people write it; parses to the same repository."""
        if self.domain != DEFAULT_DOMAIN:
            return self.name
        short = self.path
        if short.startswith(_OFFICIAL) and "/" not in short[len(_OFFICIAL) :]:
            short = short[len(_OFFICIAL) :]
        is_same = _split_domain(short) == (self.domain, self.path)
        return short if is_same and not _IDENTIFIER.match(short) else self.name

    @property
    def familiar(self) -> str:
        """The shortest form: `busybox:latest` for `docker.io/library/busybox:latest`."""
        return self.familiar_name + self._suffix

    @property
    def _suffix(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{tag}@{self.digest}" if self.digest else tag

    def __str__(self) -> str:
        return self.name + self._suffix


def parse_reference(text: str) -> Reference:
    """The full reference of a name as written by people.

    Raises InvalidReference with the distribution project's wording."""
    if _IDENTIFIER.match(text):
        raise InvalidReference(
            f"invalid repository name ({text}), cannot specify 64-byte hexadecimal strings"
        )
    if len(text) > 4 * _MOST_CHARACTERS + 128:
        raise InvalidReference("invalid reference format: the name is too long")
    rest, at, digest_text = text.partition("@")
    domain, remainder = _split_domain(rest)
    path, colon, tag = remainder.partition(":")
    if path != path.lower():
        raise InvalidReference(
            f"invalid reference format: repository name ({path}) must be lowercase"
        )
    is_valid = _DOMAIN.match(domain) and _PATH.match(path) and (not colon or _TAG.match(tag))
    if not is_valid or (at and not _DIGEST.match(digest_text)):
        raise InvalidReference(f"invalid reference format: {text!r} is not an image name")
    if len(path) > _MOST_CHARACTERS:
        raise InvalidReference(
            f"repository name must not be more than {_MOST_CHARACTERS} characters"
        )
    digest = _parse_digest(digest_text) if at else None
    return Reference(domain, path, tag or ("" if digest else DEFAULT_TAG), digest)


def _split_domain(name: str) -> tuple[str, str]:
    """Domain and remainder: the first component is a domain only if it looks like one."""
    first, slash, rest = name.partition("/")
    looks_like_domain = (
        "." in first or ":" in first or first == "localhost" or first != first.lower()
    )
    if slash and looks_like_domain:
        domain, remainder = first, rest
    else:
        domain, remainder = DEFAULT_DOMAIN, name
    if domain == _LEGACY_DOMAIN:
        domain = DEFAULT_DOMAIN
    if domain == DEFAULT_DOMAIN and "/" not in remainder:
        remainder = _OFFICIAL + remainder
    return domain, remainder


def _parse_digest(text: str) -> Digest:
    if _SHA256.match(text):
        return Digest(text)
    if text.startswith("sha256:"):
        raise InvalidReference(f"invalid checksum digest length or format: {text}")
    raise InvalidReference(f"unsupported digest algorithm: {text.partition(':')[0]}")
