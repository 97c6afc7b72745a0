"""Parser directives at the top of a file."""

from __future__ import annotations

import pytest

from lithify.errors import SourceText
from lithify.grammar.directives import detect_syntax, read_directives


@pytest.mark.parametrize(
    ("text", "escape"),
    [
        ("# EScape=`", "`"),
        ("#escape=`", "`"),
        ("  # escape = ` ", "`"),
        ("# syntax=a\n# escape=`", "`"),
        ("# About\n# escape=`", "\\"),
        ("\n# escape=`", "\\"),
        ("# foo=bar\n# escape=`", "\\"),
        ("FROM x\n# escape=`", "\\"),
        ("# escape=", "\\"),
        ("#!/bin/sh\n# escape=`", "\\"),
    ],
)
def test_the_escape_directive_counts_only_in_the_block_at_the_top(text: str, escape: str) -> None:
    assert read_directives(SourceText("Dockerfile", text)).escape == escape


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# unknown=1\n# syntax=x", None),
        ("#!/bin/sh\n# syntax = a:b // opts", ("a:b", "a:b // opts", 2)),
        ("#!/bin/sh\n\n# syntax = a", None),
        ("//syntax=foo", ("foo", "foo", 1)),
        ('{"syntax": "x y"}', ("x", "x y", 1)),
        ('{"syntax":"x"}\nFROM a', None),
        ('{"syntax":1}', None),
        ("[" * 100_000, None),
        ("FROM x", None),
    ],
)
def test_syntax_is_found_in_three_notations(text: str, found: tuple[str, str, int] | None) -> None:
    syntax = detect_syntax(SourceText("Dockerfile", text))
    assert (syntax and (syntax.image, syntax.cmdline, syntax.line)) == found


def test_a_check_directive_in_a_comment_marker_of_c_is_none() -> None:
    assert not read_directives(SourceText("Dockerfile", "//check=skip=all")).directives


def test_directives_have_lower_case_names_and_exact_places() -> None:
    block = read_directives(SourceText("Dockerfile", "# Check=skip=all\n# SYNTAX = x \nFROM y\n"))
    shown = [(one.name, one.value, one.span.text) for one in block.directives]
    assert shown == [("check", "skip=all", "# Check=skip=all"), ("syntax", "x", "# SYNTAX = x ")]
