"""A label for a time should be written as RFC 3339 says.

What it does: reports labels of the type `rfc3339` in `label-schema` of the configuration that are no such time.

Why it matters: there are many ways to write a time, and programs read this one.

Example (with `label-schema: {built: rfc3339}`):

    FROM busybox:1.36
    LABEL built="6 May 2024"

Use instead:

    FROM busybox:1.36
    LABEL built="2024-05-06T07:08:09Z"
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from lithify.compiler.lint.labels import misfits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


_TIME = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}):(\d{2})(?:\.\d+)?(?:[Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    yield from misfits(ctx, "rfc3339", _is_time, "a time such as 2024-05-06T07:08:09Z")


def _is_time(text: str) -> bool:
    match = _TIME.fullmatch(text)
    if match is None:
        return False
    date, minute, second = match[1], match[2], match[3]
    try:
        datetime.fromisoformat(f"{date}T{minute}:{'59' if second == '60' else second}")
    except ValueError:
        return False
    return True
