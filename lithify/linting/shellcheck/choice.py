"""Owns whether ShellCheck is asked: as it was wished, else if it is installed.

It refuses to install anything, and to go without it where it was asked for.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lithify.compiler.lint.rule import Profile
from lithify.errors import UsageError

if TYPE_CHECKING:
    from lithify.linting.settings import Settings
    from lithify.linting.shellcheck.finder import ShellCheck

_MOST_JOBS = 8


def shellcheck_for(settings: Settings, folder: str, jobs: int = 0) -> ShellCheck | None:
    """Who is asked about scripts, `jobs` at a time (0: as many as there are processors); None is nobody.

    Its answers are remembered in `folder`, '' for nowhere. Raises UsageError if it was asked for and is not installed."""
    if settings.shellcheck is False or settings.policy.profile is Profile.BUILDKIT:
        return None
    from lithify.linting.shellcheck.finder import ShellCheck
    from lithify.linting.shellcheck.tool import find_program

    program = find_program()
    if program is None and settings.shellcheck:
        hint = "install shellcheck, or lithify with its extra: pip install 'lithify[lint]'"
        raise UsageError("ShellCheck is asked for, but it is not installed", hint=hint)
    if program is None:
        return None
    return ShellCheck(program, folder, jobs or min(os.cpu_count() or 1, _MOST_JOBS))
