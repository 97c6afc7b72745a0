"""A label for a license should be its SPDX identifier.

What it does: reports labels of the type `spdx` in `label-schema` of the configuration that are not in the SPDX license list; upper and lower case count.

Why it matters: the identifier says exactly which text is meant, and programs compare it.

Example (with `label-schema: {license: spdx}`):

    FROM busybox:1.36
    LABEL license="the MIT license"

Use instead:

    FROM busybox:1.36
    LABEL license="MIT"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.labels import misfits
from lithify.compiler.lint.spdx import licenses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    yield from misfits(ctx, "spdx", _is_license, "an SPDX license identifier")


def _is_license(text: str) -> bool:
    return text in licenses()
