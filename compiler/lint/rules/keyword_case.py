"""All keywords of a file should be in one case.

What it does: reports each instruction whose keyword is not in the case of most: lower, else upper.

Why it matters: keywords in one case stand out from arguments; a mix reads like a slip.

Example:

    FROM busybox
    RUN make
    copy out /srv

Use instead:

    FROM busybox
    RUN make
    COPY out /srv
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Edit, Fix, about
from lithify.grammar.ast import From

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.grammar.ast import Instruction


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    instructions = [one for stage in ctx.stages for one in (stage.source, *stage.instructions)]
    keywords = [one.keyword.text for one in instructions]
    lower = sum(keyword == keyword.lower() for keyword in keywords)
    upper = sum(keyword == keyword.upper() for keyword in keywords)
    majority = "lowercase" if lower > upper else "uppercase"
    for instruction, keyword in zip(instructions, keywords, strict=True):
        if keyword != (keyword.lower() if lower > upper else keyword.upper()):
            message = (
                f"Command '{keyword}' should match the case of the command majority ({majority})"
            )
            fix = Fix(f"Write it in {majority}", tuple(_edits(instruction, is_lower=lower > upper)))
            yield about(instruction, message, focus=instruction.keyword.span, fixes=(fix,))


def _edits(instruction: Instruction, *, is_lower: bool) -> Iterator[Edit]:
    """The keyword, and with FROM its AS, which should be in the same case."""
    words = [instruction.keyword]
    if isinstance(instruction, From) and instruction.as_keyword is not None:
        words.append(instruction.as_keyword)
    for word in words:
        wanted = word.text.lower() if is_lower else word.text.upper()
        if wanted != word.text:
            yield Edit(word.span, wanted)
