"""A label for a revision should be a commit's hash.

What it does: reports labels of the type `hash` in `label-schema` of the configuration that are not the 7 or 40 hexadecimal digits of a git commit, in lower case.

Why it matters: anything else does not lead back to the source.

Example (with `label-schema: {revision: hash}`):

    FROM busybox:1.36
    LABEL revision="v1.0"

Use instead:

    FROM busybox:1.36
    LABEL revision="0123abc"
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.labels import misfits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


_HASH = re.compile(r"[0-9a-f]{7}(?:[0-9a-f]{33})?")


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    yield from misfits(ctx, "hash", _is_hash, "a git hash of 7 or 40 digits")


def _is_hash(text: str) -> bool:
    return _HASH.fullmatch(text) is not None
