"""Owns the table of the rules about single instructions and how they stand together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lithify.compiler.lint.rule import Rule

STRUCTURE: tuple[Rule, ...] = ()
