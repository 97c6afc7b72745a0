"""Owns the repair of files on disk: read, repaired, written back whole or not at all, with mode and owner kept.

It refuses to touch what is no UTF-8, for the repaired file would hold other bytes where nothing was wrong.
"""

from __future__ import annotations

import difflib
import os
import tempfile
from collections import Counter
from typing import TYPE_CHECKING

from lithify.compiler.lint.fixes import fix_text
from lithify.compiler.lint.linter import examine, judge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lithify.compiler.lint.linter import LintFinding, Surrounding
    from lithify.compiler.lint.policy import Policy
    from lithify.grammar.ast import Dockerfile


def repaired(
    name: str, text: str, policy: Policy, around: Surrounding, *, unsafe: bool
) -> tuple[str, tuple[tuple[str, int], ...]]:
    """The repaired text, and how many findings of which rules that ended."""

    def linter(dockerfile: Dockerfile) -> Sequence[LintFinding]:
        return judge(examine(dockerfile, policy, around), policy)

    fixed = fix_text(name, text, linter, unsafe=unsafe)
    return fixed.text, tuple(sorted(Counter(fixed.rules).items()))


def difference(name: str, before: str, after: str) -> str:
    """What changes, as a unified diff that `patch` takes."""
    lines: list[str] = []
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    for line in difflib.unified_diff(old, new, f"a/{name}", f"b/{name}"):
        lines.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
    return "".join(lines)


def replace_file(path: str, text: str) -> None:
    """Write a file anew: readers see the old or the new one, never a part. Raises OSError."""
    place = os.path.realpath(path)
    status = os.stat(place)
    descriptor, temporary = tempfile.mkstemp(prefix=".lithify-", dir=os.path.dirname(place))
    try:
        with open(descriptor, "wb") as file:
            file.write(text.encode("utf-8"))
            os.fchmod(file.fileno(), status.st_mode & 0o7777)
            if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
                _keep_owner(file.fileno(), status)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, place)
    except BaseException:
        os.unlink(temporary)
        raise


def _keep_owner(descriptor: int, status: os.stat_result) -> None:
    """Owner and group stay where that is allowed; the group alone where only that is."""
    for owner in (status.st_uid, -1):
        try:
            os.fchown(descriptor, owner, status.st_gid)
        except PermissionError:
            continue
        return
