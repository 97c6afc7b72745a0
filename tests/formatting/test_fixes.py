"""The formatter and the linter do not undo each other: what both have been over, neither changes again."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from lithify.compiler.lint.fixes import fix_text
from lithify.compiler.lint.linter import lint
from lithify.errors import SourceErrors, SourceText
from lithify.grammar.format import formatted
from lithify.grammar.parser import parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lithify.compiler.lint.linter import LintFinding
    from lithify.grammar.ast import Dockerfile

#: Rules about what the formatter mends, and comments that then have nothing to object to.
LAYOUT = frozenset(
    ("keyword-case", "from-as-case", "empty-continuation", "legacy-key-value", "unused-ignore")
)


def findings(dockerfile: Dockerfile) -> Sequence[LintFinding]:
    return lint(dockerfile)


def repaired(text: str, *, unsafe: bool) -> str:
    return fix_text("Dockerfile", text, findings, unsafe=unsafe).text


@pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])
def test_a_repaired_file_that_is_formatted_needs_no_repair(
    corpus: dict[str, str], unsafe: bool
) -> None:
    changed = 0
    for name, text in corpus.items():
        if "ignore" in text:  # how most keywords are written changes around what is left alone
            continue
        once = repaired(text, unsafe=unsafe)
        try:
            new = formatted(SourceText(name, once))
        except SourceErrors:
            continue
        assert repaired(new, unsafe=unsafe) == new, name
        changed += once != text
    assert changed > 10


def test_formatting_changes_no_finding_but_those_of_layout(corpus: dict[str, str]) -> None:
    def found(text: str) -> Counter[tuple[str, str]]:
        shown = findings(parse(SourceText("Dockerfile", text)))
        return Counter(
            (one.rule.slug, re.sub(r"line \d+", "line", one.message))
            for one in shown
            if one.rule.slug not in LAYOUT
        )

    for name, text in corpus.items():
        try:
            new = formatted(SourceText(name, text))
        except SourceErrors:
            continue
        assert found(new) == found(text), name
