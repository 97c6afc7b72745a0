"""Owns the table of the rules about what RUN executes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lithify.compiler.lint.rule import Rule

COMMANDS: tuple[Rule, ...] = ()
