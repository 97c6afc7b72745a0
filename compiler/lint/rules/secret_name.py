"""ARG and ENV should not hold secrets.

What it does: reports names that sound like a secret, also before the first FROM and behind ONBUILD.
It is a rule of the hadolint profile; otherwise `secret-in-arg-env` speaks of it, with the verdict of the builder.

Why it matters: whoever has the image can read both.

Example:

    FROM busybox:1.36
    ARG DB_PASSWORD

Use instead:

    FROM busybox:1.36
    RUN --mount=type=secret,id=db_password cat /run/secrets/db_password
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.grammar.ast import Arg, Env, Onbuild

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.grammar.ast import Instruction


_PARTS = ("api_key", "client_key", "password", "private", "secret", "token", "username")
_NAMES = frozenset(("aws_access_key_id", "ci_deploy_user", "docker_email", "facebook_app_id",
                    "okta_authn_groupid", "okta_client_orgurl", "okta_oauth2_clientid",
                    "stripe_device_name", "travis_sudo"))  # fmt: skip


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for one in ctx.dockerfile.instructions:
        name = next(filter(_is_secret, _names(one)), None)
        if name is not None:
            yield about(
                one, f"'{name}' looks like a secret: everyone who has the image can read it"
            )


def _is_secret(name: str) -> bool:
    lowered = name.lower()
    return lowered in _NAMES or any(part in lowered for part in _PARTS)


def _names(instruction: Instruction) -> Iterator[str]:
    if isinstance(instruction, Arg):
        yield from (one.name.text for one in instruction.declarations)
    elif isinstance(instruction, Env):
        yield from (pair.key.text for pair in instruction.pairs)
    elif isinstance(instruction, Onbuild):
        words = instruction.inner_words
        if instruction.inner_keyword.text.upper() == "ARG":
            yield from (word.partition("=")[0] for word in words)
        elif instruction.inner_keyword.text.upper() == "ENV":
            yield from words[::2]
