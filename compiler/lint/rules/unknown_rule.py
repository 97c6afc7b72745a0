"""Comments should name rules that exist.

What it does: reports a name in `# hadolint ignore=` or `# lithify: ignore[]` that no rule has. All names by which a rule
is known are understood: its own, those of hadolint and BuildKit, of ShellCheck, Trivy and Checkov.

Why it matters: a comment that names no rule hides nothing, and whoever wrote it believes that it does.

Example:

    # lithify: ignore[image-untaged] the tag comes from the mirror
    FROM busybox

Use instead:

    # lithify: ignore[json-form] the command needs a shell
    FROM busybox
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for remark in ctx.remarks:
        if remark.kind == "unknown-rule":
            yield Diagnostic(remark.message, remark.span, fixes=remark.fixes)
