"""A label for an address should be a whole URL.

What it does: reports labels of the type `url` in `label-schema` of the configuration that are no absolute URI.

Why it matters: a relative address leads nowhere once it is taken out of its page.

Example (with `label-schema: {home: url}`):

    FROM busybox:1.36
    LABEL home="www.example.org"

Use instead:

    FROM busybox:1.36
    LABEL home="https://www.example.org/"
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.labels import misfits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


_URI = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+"
)


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    yield from misfits(ctx, "url", _is_uri, "an absolute URI")


def _is_uri(text: str) -> bool:
    return _URI.fullmatch(text) is not None
