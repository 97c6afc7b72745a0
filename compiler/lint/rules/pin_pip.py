"""Packages installed with pip have a version.

What it does: reports packages that pip installs without saying which version.

Why it matters: the same file gives another image tomorrow, and what breaks then has changed nowhere in sight.

Example:

    FROM python
    RUN pip install --no-cache-dir requests

Use instead:

    FROM python
    RUN pip install --no-cache-dir requests==2.32.3
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.commands.packages import pip_installs, unpinned
from lithify.compiler.lint.commands.runs import behind, operands, runs, valued

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


_OPERATORS = ("==", ">=", "<=", ">", "<", "!=", "~=")
_VERSIONED_FILES = (".whl", ".tar.gz")
_VCS = re.compile(r"(?:git|hg|svn|bzr)\+")
_EVERYTHING = ("r", "requirement", "c", "constraint")
#: Options that take a value of their own; hadolint knows the first.
_KNOWN = (
    "t", "target", "i", "index-url", "extra-index-url", "f", "find-links", "prefix", "root",
    "platform", "python-version", "implementation", "abi", "src", "upgrade-strategy", "no-binary",
    "only-binary", "progress-bar", "root-user-action", "proxy", "trusted-host", "python",
    "keyring-provider", "b", "build", "e", "editable",
)  # fmt: skip
_OTHERS = (
    "global-option", "install-option", "config-settings", "C", "report", "log", "retries",
    "timeout", "exists-action", "cert", "client-cert", "cache-dir", "use-feature",
    "use-deprecated", "group", "pip-args", "suffix",
)  # fmt: skip


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    taking = valued(ctx, _KNOWN, _OTHERS)
    for run in runs(ctx):
        for command in pip_installs(ctx, run):
            if command.has_flag(*_EVERYTHING) or command.has_argument("."):
                continue
            words = behind(operands(command, taking), "install")
            yield from unpinned(
                run, [one for one in words if not _is_pinned(one.text)], "name==version"
            )


def _is_pinned(text: str) -> bool:
    """A version is named, or a file or folder of the build; of a repository, a revision."""
    if _VCS.match(text):
        return "@" in text.partition("://")[2].partition("/")[2]
    is_file = "/" in text or text.endswith(_VERSIONED_FILES) or text.startswith(".")
    return is_file or any(operator in text for operator in _OPERATORS)
