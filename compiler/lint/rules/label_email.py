"""A label for a contact should be a mail address.

What it does: reports labels of the type `email` in `label-schema` of the configuration that are no address as RFC 5322 defines it; names beside the address do not belong there.

Why it matters: whoever needs the contact can use the value as it is.

Example (with `label-schema: {contact: email}`):

    FROM busybox:1.36
    LABEL contact="Team <team@example.org>"

Use instead:

    FROM busybox:1.36
    LABEL contact="team@example.org"
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.labels import misfits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ATOMS = rf"{_ATOM}(?:\.{_ATOM})*"
_QUOTED = r'"(?:[^"\\\r\n]|\\[^\r\n])*"'
_LITERAL = r"\[[^\[\]\\\s]*\]"
_ADDRESS = re.compile(rf"(?:{_ATOMS}|{_QUOTED})@(?:{_ATOMS}|{_LITERAL})")


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    yield from misfits(ctx, "email", _is_address, "a mail address")


def _is_address(text: str) -> bool:
    return _ADDRESS.fullmatch(text) is not None
