"""Owns the two kinds of names: of bytes (Digest) and of computations (CacheKey).

They are different types so that confusing them is a type error: a digest can be verified by others against
bytes, a key cannot. It refuses any other hash than sha256 for what may leave the machine.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Self

from lithify.errors import Corrupt

if TYPE_CHECKING:
    from collections.abc import Iterable

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")


class Digest(str):
    """`sha256:<64 hex digits>` of bytes (OCI image-spec, descriptor, digests)."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Raises Corrupt for anything but a sha256 digest."""
        if not _DIGEST.match(text):
            raise Corrupt(f"not a sha256 digest: {text[:100]!r}")
        return super().__new__(cls, text)

    @property
    def hex(self) -> str:
        return self[7:]

    @property
    def short(self) -> str:
        """The first 12 digits, as people write them."""
        return self[7:19]

    @classmethod
    def of(cls, data: bytes) -> Digest:
        import hashlib

        return cls("sha256:" + hashlib.sha256(data).hexdigest())


class CacheKey(str):
    """Names a computation by everything that can influence its result; 64 hex digits."""

    __slots__ = ()


def chain_ids(diff_ids: Iterable[Digest]) -> tuple[Digest, ...]:
    """The chain id after each layer (OCI image-spec, config, layer ChainID)."""
    chain: list[Digest] = []
    for diff_id in diff_ids:
        chain.append(Digest.of(f"{chain[-1]} {diff_id}".encode()) if chain else diff_id)
    return tuple(chain)
