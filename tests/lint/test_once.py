"""What many rules ask about the same thing is found out once."""

from __future__ import annotations

from lithify.compiler.lint.once import once


def test_the_same_object_is_looked_at_once_and_an_equal_one_anew() -> None:
    looked: list[list[int]] = []

    @once(keeping=2)
    def total(numbers: list[int]) -> int:
        looked.append(numbers)
        return sum(numbers)

    first, equal = [1, 2], [1, 2]
    assert [total(first), total(first), total(equal), total(equal)] == [3, 3, 3, 3]
    assert len(looked) == 2


def test_only_the_last_few_are_remembered() -> None:
    looked: list[str] = []

    @once(keeping=1)
    def told(name: str) -> str:
        looked.append(name)
        return name

    for name in ("a", "b", "a"):
        told(name)
    assert looked == ["a", "b", "a"]
