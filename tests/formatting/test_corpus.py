"""Every Dockerfile of this repository, and hundreds of made ones, before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lithify.grammar.format import FormatOptions

if TYPE_CHECKING:
    from types import ModuleType

OPTIONS = {
    "default": FormatOptions(),
    "narrow-crlf-tabs": FormatOptions("\t", "crlf", 30),
    "unlimited-lf": FormatOptions("  ", "lf", None, final_newline=False),
}


def test_the_corpus_is_large(corpus: dict[str, str]) -> None:
    assert len(corpus) >= 300


@pytest.mark.parametrize("name", OPTIONS)
def test_what_is_built_stays_the_same_and_a_second_run_has_nothing_to_do(
    corpus: dict[str, str], fuzzer: ModuleType, name: str
) -> None:
    outcomes = {"refused": 0, "same": 0, "changed": 0}
    for label, text in corpus.items():
        try:
            new = fuzzer.judge(text, OPTIONS[name])
        except AssertionError as error:
            raise AssertionError(f"{label}: {error}") from error
        outcomes["refused" if new is None else "same" if new == text else "changed"] += 1
    assert outcomes["changed"] > 150, outcomes


def test_samples_and_examples_that_are_laid_out_well_stay_so(
    corpus: dict[str, str], fuzzer: ModuleType
) -> None:
    samples = {name: text for name, text in corpus.items() if name.startswith("samples/")}
    assert samples
    for name, text in samples.items():
        assert fuzzer.judge(text, FormatOptions()) == text, name
