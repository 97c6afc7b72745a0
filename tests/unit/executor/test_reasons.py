"""A step that ran says which of its inputs changed, in the words of a Dockerfile."""

from __future__ import annotations

import pytest

from lithify.cache.digest import CacheKey, Digest
from lithify.cache.oci import MEDIA_LAYER, Descriptor
from lithify.cache.ports import CacheRecord, Layer, Leaf
from lithify.executor.reasons import reason

DIGEST = Digest.of(b"")
LAYER = Layer(Descriptor(MEDIA_LAYER, DIGEST, 0), DIGEST)


def leaves(**changed: str) -> tuple[Leaf, ...]:
    values = {"op": "run", "parent": "p", "text": "make", "env.CC": "gcc", "user": "", **changed}
    return tuple(Leaf(name, value) for name, value in values.items())


def record(*of: Leaf) -> CacheRecord:
    return CacheRecord(CacheKey("k"), LAYER, of, 0.0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"parent": "q"}, "what it stands on changed"),
        ({"text": "make all"}, "the command changed"),
        ({"env.CC": "clang"}, 'CC changed from "gcc" to "clang"'),
        ({"env.NEW": "1"}, 'NEW changed from unset to "1"'),
        ({"user": "web"}, "USER changed"),
        ({"source.0": "x"}, "files of its source 1 changed"),
        ({"mount./x": "y"}, "the mount /x changed"),
        ({"security": "insecure"}, 'security changed from unset to "insecure"'),
    ],
)
def test_the_first_difference_is_named(change: dict[str, str], said: str) -> None:
    assert reason(leaves(**change), [record(*leaves())], no_cache=False) == said


def test_a_value_that_is_gone_is_named() -> None:
    old = record(*leaves(), Leaf("env.OLD", "1"))
    assert reason(leaves(), [old], no_cache=False) == 'OLD changed from "1" to unset'


def test_the_nearest_earlier_result_is_compared() -> None:
    far = record(*leaves(text="other", user="x"))
    near = record(*leaves(user="web"))
    assert reason(leaves(), [far, near], no_cache=False) == "USER changed"


def test_without_an_earlier_result_it_says_so() -> None:
    assert reason(leaves(), [], no_cache=False) == "it has not run before"


def test_a_record_without_its_content_is_told_apart() -> None:
    assert reason(leaves(), [record(*leaves())], no_cache=False) == "its earlier result is gone"


def test_an_unwanted_cache_is_the_reason() -> None:
    assert reason(leaves(), [record(*leaves())], no_cache=True) == "the cache was not to be used"


def test_long_values_are_shortened() -> None:
    said = reason(leaves(**{"env.CC": "x" * 500}), [record(*leaves())], no_cache=False)
    assert len(said) < 120
