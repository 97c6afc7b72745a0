"""Owns the remembering of answers that many rules ask for about the same thing, one after the other.

Contexts and stages are told apart as objects: comparing them by value takes longer than finding the answer anew. It
refuses to remember more than a few, for every file is looked at once.
"""

from __future__ import annotations

from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class _Same(Generic[Asked]):
    """A value as a key: equal to itself alone, and alive as long as the key."""

    __slots__ = ("value",)

    def __init__(self, value: Asked) -> None:
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.value is other.value


def once(*, keeping: int) -> Callable[[Callable[[Asked], Answer]], Callable[[Asked], Answer]]:
    """For a function that is asked about the same objects again and again: `keeping` answers are remembered."""

    def remembering(function: Callable[[Asked], Answer]) -> Callable[[Asked], Answer]:
        @lru_cache(maxsize=keeping)
        def known(same: _Same[Asked]) -> Answer:
            return function(same.value)

        @wraps(function)
        def ask(about: Asked) -> Answer:
            return known(_Same(about))

        return ask

    return remembering
