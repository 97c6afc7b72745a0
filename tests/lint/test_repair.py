"""Repairs of a text: edits that collide, line breaks, rounds that end, and what may never come of one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lithify.compiler.lint.context import Edit, Fix
from lithify.compiler.lint.fixes import apply_edits, fix_text
from lithify.compiler.lint.linter import LintFinding, lint
from lithify.compiler.lint.policy import Policy
from lithify.compiler.lint.registry import RULES
from lithify.compiler.lint.rule import Profile, Rule, Severity
from lithify.errors import SourceText, Span
from lithify.grammar.parser import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lithify.grammar.ast import Dockerfile

HERE = Path(__file__).parent
_RULE = Rule("a-rule", "LF9")


def _finding(file: Dockerfile, *edits: tuple[int, int, str], is_safe: bool = True) -> LintFinding:
    placed = tuple(Edit(Span(file.source, start, end), text) for start, end, text in edits)
    span = placed[0].span
    return LintFinding(
        _RULE, Severity.WARNING, "m", span, fixes=(Fix("do it", placed, is_safe=is_safe),)
    )


def _replacing(
    pattern: str, text: str, *, is_safe: bool = True
) -> Callable[[Dockerfile], Sequence[LintFinding]]:
    """A linter that wants each match of a pattern to be another text."""

    def linter(file: Dockerfile) -> list[LintFinding]:
        matches = re.finditer(pattern, file.source.text)
        return [_finding(file, (one.start(), one.end(), text), is_safe=is_safe) for one in matches]

    return linter


def test_all_findings_are_repaired_and_counted() -> None:
    fixed = fix_text("f", "FROM a\nRUN b\nRUN b\n", _replacing("RUN b", "RUN c"))
    assert fixed.text == "FROM a\nRUN c\nRUN c\n"
    assert fixed.rules == ("a-rule", "a-rule")


def test_unsafe_repairs_wait_to_be_asked_for() -> None:
    linter = _replacing("b", "c", is_safe=False)
    assert fix_text("f", "FROM b\n", linter).text == "FROM b\n"
    assert fix_text("f", "FROM b\n", linter, unsafe=True).text == "FROM c\n"


def test_one_repair_can_make_the_next_possible() -> None:
    def linter(file: Dockerfile) -> list[LintFinding]:
        text = file.source.text
        following = {"RUN a": "RUN b", "RUN b": "RUN c"}
        return [
            _finding(file, (text.index(old), text.index(old) + 5, new))
            for old, new in following.items()
            if old in text
        ]

    assert fix_text("f", "FROM x\nRUN a\n", linter).text == "FROM x\nRUN c\n"


def test_repairs_that_collide_are_made_one_after_the_other() -> None:
    def linter(file: Dockerfile) -> list[LintFinding]:
        at = file.source.text.find("RUN a b")
        if at < 0:
            return []
        return [_finding(file, (at + 4, at + 7, "c")), _finding(file, (at + 6, at + 7, "never"))]

    assert fix_text("f", "FROM x\nRUN a b\n", linter).text == "FROM x\nRUN c\n"


def test_insertions_at_one_place_are_not_mixed() -> None:
    def linter(file: Dockerfile) -> list[LintFinding]:
        end = len(file.source.text)
        wanted = [one for one in ("RUN a\n", "RUN b\n") if one not in file.source.text]
        return [_finding(file, (end, end, one)) for one in wanted]

    assert fix_text("f", "FROM x\n", linter).text == "FROM x\nRUN a\nRUN b\n"


def test_a_repair_whose_own_edits_collide_is_not_made() -> None:
    def linter(file: Dockerfile) -> list[LintFinding]:
        return [_finding(file, (0, 4, "from"), (2, 6, "x"))]

    assert fix_text("f", "FROM x\n", linter).text == "FROM x\n"


def test_repairs_that_undo_each_other_come_to_an_end() -> None:
    def linter(file: Dockerfile) -> list[LintFinding]:
        other = {"a": "b", "b": "a"}[file.source.text[5]]
        return [_finding(file, (5, 6, other))]

    assert fix_text("f", "FROM a\n", linter).text in ("FROM a\n", "FROM b\n")


def test_a_text_that_always_grows_comes_to_an_end() -> None:
    def linter(file: Dockerfile) -> list[LintFinding]:
        return [_finding(file, (len(file.source.text), len(file.source.text), "RUN a\n"))]

    assert len(fix_text("f", "FROM a\n", linter).text) < 200


def test_a_repair_that_breaks_the_file_is_refused_and_the_others_are_made() -> None:
    def linter(file: Dockerfile) -> list[LintFinding]:
        text = file.source.text
        found = [_finding(file, (0, 4, "FORM"))] if text.startswith("FROM") else []
        at = text.find("run")
        return [*found, _finding(file, (at, at + 3, "RUN"))] if at > 0 else found

    fixed = fix_text("f", "FROM a\nrun b\n", linter)
    assert fixed.text == "FROM a\nRUN b\n"
    assert fixed.rules == ("a-rule",)


def test_line_breaks_stay_what_they_are() -> None:
    source = SourceText("f", "FROM a\r\nRUN b\r\n")
    edit = Edit(Span(source, 8, 8), "USER 1\nRUN c\r\n")
    assert apply_edits(source.text, [edit]) == "FROM a\r\nUSER 1\r\nRUN c\r\nRUN b\r\n"


@pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.slug)
def test_repairs_of_a_rules_examples_end_and_break_nothing(rule: Rule, unsafe: bool) -> None:
    profile = Profile.DEFAULT if Profile.DEFAULT in rule.profiles else Profile.HADOLINT
    policy = Policy(profile)

    def linter(file: Dockerfile) -> Sequence[LintFinding]:
        return lint(file, policy)

    for path in sorted((HERE / rule.slug).glob("*.Dockerfile")):
        text = path.read_text("utf-8")
        once = fix_text("f", text, linter, unsafe=unsafe).text
        assert fix_text("f", once, linter, unsafe=unsafe).text == once
        before = len(parse(SourceText("f", text)).errors)
        assert len(parse(SourceText("f", once)).errors) <= before


@settings(max_examples=100, deadline=None)
@given(st.text("ab\n", max_size=20), st.lists(st.tuples(st.integers(0, 19), st.integers(0, 3))))
def test_edits_change_their_places_and_nothing_else(
    text: str, wanted: list[tuple[int, int]]
) -> None:
    source = SourceText("f", text)
    places = [(start, min(start + size, len(text))) for start, size in wanted if start < len(text)]
    apart = []
    for start, end in sorted(set(places)):
        if start < end and (not apart or start >= apart[-1][1]):
            apart.append((start, end))
    result = apply_edits(text, [Edit(Span(source, start, end), "X") for start, end in apart])
    assert result.count("X") == len(apart)
    kept = "".join(one for at, one in enumerate(text) if not any(a <= at < b for a, b in apart))
    assert result.replace("X", "") == kept
