"""Owns the list of all rules, and finds a rule by any of its names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.catalogue.checks import CHECKS
from lithify.compiler.lint.catalogue.commands import COMMANDS
from lithify.compiler.lint.catalogue.file import FILE
from lithify.compiler.lint.catalogue.insight import INSIGHT
from lithify.compiler.lint.catalogue.structure import STRUCTURE

if TYPE_CHECKING:
    from lithify.compiler.lint.rule import Rule


__all__ = ("CHECKS", "RULES", "find_rule")

RULES: tuple[Rule, ...] = (*FILE, *CHECKS, *STRUCTURE, *COMMANDS, *INSIGHT)


def find_rule(name: str) -> Rule | None:
    """The rule of our own profile that has the name, in whatever tool's language; upper and lower case are the same."""
    wanted = name.lower()
    return next((rule for rule in RULES if wanted in map(str.lower, rule.ids)), None)
