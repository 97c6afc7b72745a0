"""Owns the table of the rules about a file as a whole: that it can be read, and that its comments mean something."""

from __future__ import annotations

from lithify.compiler.lint.rule import DEFAULT_ONLY, Profile, Rule, Severity

SYNTAX_ERROR = Rule(
    "syntax-error",
    "DL1000",
    severity=Severity.ERROR,
    profiles=frozenset(Profile),
    has_page=False,
)
UNKNOWN_RULE = Rule("unknown-rule", "LF1001", ("#",), profiles=DEFAULT_ONLY, has_page=False)
UNUSED_IGNORE = Rule(
    "unused-ignore",
    "LF1002",
    ("#",),
    severity=Severity.STYLE,
    profiles=DEFAULT_ONLY,
    has_page=False,
)

FILE: tuple[Rule, ...] = (SYNTAX_ERROR, UNKNOWN_RULE, UNUSED_IGNORE)
