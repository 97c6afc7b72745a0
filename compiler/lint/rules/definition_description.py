"""The comment above a stage or an argument should say what it is.

What it does: reports a comment directly above a named FROM or an ARG that does not begin with its name. It is
experimental, that is off unless asked for.

Why it matters: such comments are shown by `--call outline` and `--call targets`; a free remark in their place is lost.
An empty comment line keeps a remark apart.

Example:

    # which one to install
    ARG VERSION=1

Use instead:

    # VERSION which one to install
    ARG VERSION=1
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Related, about
from lithify.grammar.ast import Arg, From

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.errors import Span
    from lithify.grammar.ast import Instruction


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for instruction in ctx.dockerfile.instructions:
        names = _names(instruction)
        if not names or not instruction.comments:
            continue
        comment = instruction.comments[-1].text
        if comment.startswith("check=") or comment.split(None, 1)[0] in names:
            continue
        shown = names[0] if isinstance(instruction, From) or len(names) == 1 else "<arg_key>"
        message = (
            f"Comment for {instruction.name} should follow the format: `# {shown} <description>`"
        )
        yield about(instruction, message, focus=_place(instruction))._replace(
            related=(Related(instruction.comments[-1].span, "the comment"),)
        )


def _place(instruction: Instruction) -> Span | None:
    """The name that the comment should begin with."""
    if isinstance(instruction, Arg):
        return instruction.declarations[0].name.span
    alias = instruction.alias if isinstance(instruction, From) else None
    return alias.span if alias is not None else None


def _names(instruction: Instruction) -> tuple[str, ...]:
    if isinstance(instruction, Arg):
        return tuple(declared.name.text for declared in instruction.declarations)
    if isinstance(instruction, From) and instruction.alias is not None:
        return tuple(dict.fromkeys((instruction.alias.text, instruction.alias.text.lower())))
    return ()
