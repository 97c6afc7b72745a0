"""Realistic Dockerfiles build to what they say, and to the same image wherever and whenever they are built."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.root
def test_two_builds_from_nothing_give_the_same_expected_image(
    case: Any, busybox: list[str], builder: Any
) -> None:
    first, second = builder.build_twice(case, busybox)
    assert first.differences(case.expected) == []
    assert second.digest == first.digest
    assert second.tar.read_bytes() == first.tar.read_bytes()
