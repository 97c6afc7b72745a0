"""Owns the table of the rules that need the compiler: stage graph, context, base images, layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lithify.compiler.lint.rule import Rule

INSIGHT: tuple[Rule, ...] = ()
