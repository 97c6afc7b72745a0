"""Files that hold secrets should not be copied into an image.

What it does: reports files that COPY or ADD brings from the context and whose content is a private key, a token of
npm, PyPI or git, a password of .netrc, credentials of a registry, AWS or a cluster, or a variable of .env with a
secret's name.

Why it matters: everyone who has the image, or the cache of the stage, has the secret; deleting it later does not help.

Example (with a context that has an .npmrc with a token):

    FROM busybox
    COPY .npmrc package.json /srv/

Use instead:

    FROM busybox
    COPY package.json /srv/
    RUN --mount=type=secret,id=npmrc,target=/srv/.npmrc npm ci
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.compiler.lint.insight.copies import context_sources
from lithify.compiler.lint.insight.files import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.lint.insight.copies import Source
    from lithify.compiler.lint.insight.files import Visible
    from lithify.compiler.survey import Line

_KEY = re.compile(rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----")
_ENV = re.compile(
    rb"^[ \t]*(?:export[ \t]+)?\w*(?:PASSWORD|SECRET|TOKEN|API_?KEY|PRIVATE_KEY)\w*=[ \t]*"
    rb"(?!['\"]?(?:\$|<|x{3}|changeme|example|your|secret|password|\*))['\"]?[^\s'\"#]{8,}",
    re.MULTILINE | re.IGNORECASE,
)
#: The name of a file, what its content must hold, and what that is.
_KINDS = (
    (r"id_(?:rsa|dsa|ecdsa|ed25519)|.*\.(?:pem|key|p8|ppk)", _KEY, "a private key"),
    (r"\.npmrc", re.compile(rb"_(?:authToken|auth|password)[ \t]*=[ \t]*(?!\$)[^\s]{8,}"),
     "a token"),
    (r"\.yarnrc\.yml", re.compile(rb"npmAuthToken:[ \t]*['\"]?(?!\$)[^\s'\"]{8,}"), "a token"),
    (r"\.pypirc|pip\.conf", re.compile(rb"password[ \t]*[=:][ \t]*\S+|://[^\s/:@$]+:[^\s/@$]+@"),
     "a password"),
    (r"[._]netrc", re.compile(rb"\bpassword\s+(?!\$)\S+"), "a password"),
    (r"\.git-credentials", re.compile(rb"://[^\s/:@]+:[^\s/@]+@"), "a password"),
    (r"credentials", re.compile(rb"aws_secret_access_key[ \t]*=[ \t]*\S+"), "keys of AWS"),
    (r"config\.json|\.dockercfg|\.dockerconfigjson",
     re.compile(rb'"auth"\s*:\s*"[A-Za-z0-9+/=]{8,}"'),
     "credentials of a registry"),
    (r"kubeconfig|config",
     re.compile(rb"client-key-data:\s*\S+|^\s*token:\s*\S{16,}", re.MULTILINE),
     "credentials of a cluster"),
    (r"\.env(?:\.(?:local|production|prod|staging))?", _ENV, "a secret"),
)  # fmt: skip
_NAMES = tuple((re.compile(f"(?:{name})\\Z"), content, what) for name, content, what in _KINDS)
_HARMLESS = re.compile(
    r"(?:^|[/_.-])(?:tests?|testdata|fixtures?|examples?|samples?|docs?|mocks?|specs?|templates?|"
    r"dummy)(?:[/_.-]|$)",
    re.IGNORECASE,
)
_MOST_BYTES = 32 * 1024
_MOST_SHOWN = 5


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    seen = visible(ctx)
    if seen is None:
        return
    for line in ctx.lines:
        for source in context_sources(line):
            found = list(_secrets(ctx, line, source, seen))
            for path, what in found[:_MOST_SHOWN]:
                message = (
                    f"{path} holds {what}, and becomes part of the image: mount it as a secret"
                )
                yield about(line.instruction, message, source.word.span)


def _secrets(
    ctx: LintContext, line: Line, source: Source, seen: Visible
) -> Iterator[tuple[str, str]]:
    files = ctx.world.context
    assert files is not None
    if line.instruction.flag("exclude") is not None:
        return
    for path in (one for top in seen.matches(source.value) for one in seen.below(top)):
        name = posixpath.basename(path)
        kinds = [(content, what) for names, content, what in _NAMES if names.match(name)]
        if not kinds or _HARMLESS.search(path):
            continue
        data = files.read(path, _MOST_BYTES) or b""
        what = next((what for content, what in kinds if content.search(data)), None)
        if what is not None:
            yield path, what
