"""A label for a version should be a semantic version.

What it does: reports labels of the type `semver` in `label-schema` of the configuration that are no version as Semantic Versioning 2.0.0 defines it.

Why it matters: versions of this form can be compared.

Example (with `label-schema: {version: semver}`):

    FROM busybox:1.36
    LABEL version="v1.2"

Use instead:

    FROM busybox:1.36
    LABEL version="1.2.0"
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.compat import is_exact
from lithify.compiler.lint.labels import misfits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


_NUMBER = r"(?:0|[1-9][0-9]*)"
_PRE = rf"(?:{_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_BUILD = r"[0-9A-Za-z-]+"
_VERSION = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_PRE}(?:\.{_PRE})*)?(?:\+{_BUILD}(?:\.{_BUILD})*)?"
)
_LEADING_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    is_valid = _is_tolerable if is_exact(ctx) else _is_version
    yield from misfits(ctx, "semver", is_valid, "a semantic version such as 1.2.3-rc.1")


def _is_version(text: str) -> bool:
    return _VERSION.fullmatch(text) is not None


def _is_tolerable(text: str) -> bool:
    """hadolint lets zeros in front pass."""
    return _is_version(_LEADING_ZEROS.sub("", text))
