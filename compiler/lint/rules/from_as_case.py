"""The keyword AS should be written in the case of its FROM.

What it does: reports an AS whose case differs from that of a FROM in all upper or all lower case.

Why it matters: keywords in one case stand out from names; a mix reads like a slip.

Example:

    FROM busybox as tools

Use instead:

    FROM busybox AS tools
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Edit, Fix, about

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for stage in ctx.stages:
        word, keyword = stage.source.as_keyword, stage.source.keyword.text
        if word is None:
            continue
        cases = {keyword.lower(): word.text.lower(), keyword.upper(): word.text.upper()}
        if cases.get(keyword, word.text) != word.text:
            message = f"'{word.text}' and '{keyword}' keywords' casing do not match"
            fix = Fix(f"Write {cases[keyword]}", (Edit(word.span, cases[keyword]),))
            yield about(stage.source, message, focus=word.span, fixes=(fix,))
