"""Dockerfiles that install packages build to the same image twice; they need the package mirrors and some minutes.

Run them with `pytest -m network`, or LITHIFY_TEST_NETWORK=1.
"""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.root
@pytest.mark.network
@pytest.mark.timeout(1200)
def test_two_builds_from_nothing_give_the_same_expected_image(
    network_case: Any, debian: list[str], builder: Any
) -> None:
    first, second = builder.build_twice(network_case, debian)
    assert first.differences(network_case.expected) == []
    assert second.digest == first.digest
