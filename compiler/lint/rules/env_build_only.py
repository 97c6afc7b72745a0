"""Settings that only the build needs should not stay in the image.

What it does: reports ENV of DEBIAN_FRONTEND, of a proxy and of other variables that only package managers read, in the
resulting image.

Why it matters: whoever works in the container later is subject to them: a package asks no questions, traffic goes to a
proxy that is not there.

Example:

    FROM debian:13
    ENV DEBIAN_FRONTEND=noninteractive
    RUN apt-get install --yes tzdata

Use instead:

    FROM debian:13
    ARG DEBIAN_FRONTEND=noninteractive
    RUN apt-get install --yes tzdata
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Edit, Fix, about
from lithify.compiler.lint.insight.story import shipped
from lithify.errors import Span
from lithify.grammar.ast import Env

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.grammar.ast import KeyValue

_NAMES = frozenset((
    "debian_frontend", "debconf_noninteractive_seen", "apt_listchanges_frontend",
    "apt_key_dont_warn_on_dangerous_usage", "ucf_force_conffold",
    "http_proxy", "https_proxy", "ftp_proxy", "all_proxy",
))  # fmt: skip


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    last: dict[str, tuple[Env, KeyValue, str]] = {}
    for place in shipped(ctx):
        if isinstance(place.instruction, Env):
            for pair in place.instruction.pairs:
                name = place.line.value(pair.key.text)
                last[name] = place.instruction, pair, place.line.value(pair.value.text)
    for name, (env, pair, value) in last.items():
        if name.lower() in _NAMES and value:
            message = f"{name} is for the build only, but stays in the image: use ARG"
            span = Span(pair.key.span.source, pair.key.span.start, pair.value.span.end)
            yield about(env, message, span)._replace(fixes=tuple(_fixes(env, pair)))


def _fixes(env: Env, pair: KeyValue) -> Iterator[Fix]:
    """ARG in its place, which the commands of the build see alike."""
    if len(env.pairs) > 1:
        return
    value = pair.value.text
    if pair.legacy and any(one.isspace() or one in "\"'\\" for one in value):
        return
    text = f"ARG {pair.key.text}={value}"
    yield Fix("Use ARG", (Edit(env.span, text),))
