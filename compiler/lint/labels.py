"""Owns labels as written, and the schema that people configure for them.

All label rules look at the same pairs and differ only in what they demand of a value, so the walk is here. A value with
variables is not known and not judged; the hadolint profile judges its text. It refuses to know formats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lithify.compiler.lint.compat import is_exact
from lithify.compiler.lint.context import about
from lithify.compiler.lint.family import unquoted
from lithify.grammar.ast import Label
from lithify.grammar.words import ExpansionError, expand

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.errors import Span
    from lithify.grammar.ast import Instruction


class WrittenLabel(NamedTuple):
    """One pair of a LABEL; `value` is None if it depends on variables."""

    instruction: Label
    key: str
    value: str | None
    key_span: Span
    value_span: Span


def labels(ctx: LintContext, instructions: Iterable[Instruction]) -> Iterator[WrittenLabel]:
    """The labels of instructions, quotes removed."""
    for one in instructions:
        if not isinstance(one, Label):
            continue
        for pair in one.pairs:
            key, value = _text(ctx, pair.key.text), _text(ctx, pair.value.text)
            if key is not None:
                yield WrittenLabel(one, key, value, pair.key.span, pair.value.span)


def _text(ctx: LintContext, written: str) -> str | None:
    if is_exact(ctx):
        return unquoted(written)
    try:
        expansion = expand(written, {}, ctx.dockerfile.escape)
    except ExpansionError:
        return None
    return None if expansion.missing else expansion.value


def misfits(
    ctx: LintContext, kind: str, is_valid: Callable[[str], bool], demand: str
) -> Iterator[Diagnostic]:
    """Findings about the labels that the schema gives a type and whose value is not of it.

    Empty ones are left to their own rule; but the hadolint profile has them here too, and each key of an instruction once.
    """
    wanted = {key for key, of in ctx.rule_options.label_schema if of == kind}
    if not wanted:
        return
    seen: set[tuple[int, str]] = set()
    for label in labels(ctx, ctx.dockerfile.instructions):
        if label.key not in wanted or label.value is None or is_valid(label.value):
            continue
        place = (label.instruction.span.start, label.key)
        if (place not in seen) if is_exact(ctx) else label.value:
            seen.add(place)
            message = f"Label '{label.key}' should be {demand}, not '{label.value}'"
            yield about(label.instruction, message, label.value_span)
