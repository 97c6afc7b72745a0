"""The environment should not switch off the verification of certificates.

What it does: reports ENV that makes Python, Node.js, npm, git or pip accept any certificate.

Why it matters: it holds for the whole life of the container, and everything that is fetched may come from anyone.

Example:

    FROM busybox:1.36
    ENV NODE_TLS_REJECT_UNAUTHORIZED=0

Use instead:

    FROM busybox:1.36
    ENV NODE_EXTRA_CA_CERTS=/etc/ssl/own.pem
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.grammar.ast import Env

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


_NO = frozenset(("0", "false", "no", "off"))


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for line in ctx.lines:
        one = line.instruction
        if not isinstance(one, Env):
            continue
        for pair in one.pairs:
            name, value = line.value(pair.key.text), line.value(pair.value.text)
            if _is_off(name.upper(), value.lower()):
                message = f"'{name}' makes programs accept any certificate"
                yield about(one, message, pair.key.span)


def _is_off(name: str, value: str) -> bool:
    match name:
        case "NODE_TLS_REJECT_UNAUTHORIZED" | "PYTHONHTTPSVERIFY":
            return value == "0"
        case "NPM_CONFIG_STRICT_SSL":
            return value in _NO
        case "GIT_SSL_NO_VERIFY":
            return value not in ("", *_NO)
        case "PIP_TRUSTED_HOST":
            return bool(value)
    return False
