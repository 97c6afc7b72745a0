"""Owns ShellCheck's part of a run of the linter: contexts in, its findings with rules and places out.

Equal scripts of all files are asked about once, and only those that it has not answered before. It refuses to filter:
comments and settings are obeyed by who asks, as for any rule.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Diagnostic, Edit, Fix
from lithify.compiler.lint.rule import BOTH, Rule, Severity
from lithify.linting.shellcheck.batch import Request
from lithify.linting.shellcheck.jobs import jobs_of
from lithify.linting.shellcheck.memory import Memory
from lithify.linting.shellcheck.tool import ask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lithify.compiler.lint.context import LintContext
    from lithify.compiler.lint.linter import Extra
    from lithify.linting.shellcheck.batch import Comment
    from lithify.linting.shellcheck.jobs import Job


class ShellCheck:
    """The program, how many of it may run at a time, and where its answers are kept ('': nowhere)."""

    def __init__(self, program: str, folder: str = "", jobs: int = 1) -> None:
        self._program = program
        self._folder = folder
        self._jobs = jobs

    @property
    def identity(self) -> str:
        """Which program it is."""
        about = os.stat(self._program)
        return f"{self._program} {about.st_size} {about.st_mtime_ns}"

    def __call__(self, contexts: Sequence[LintContext]) -> Sequence[Sequence[Extra]]:
        """The findings in each file. Raises ConfigurationError if the program cannot be run."""
        wanted = [[(job, _request(job)) for job in jobs_of(context)] for context in contexts]
        said = self._answers(dict.fromkeys(request for jobs in wanted for _, request in jobs))
        return [
            [_extra(job, comment) for job, request in jobs for comment in said[request]]
            for jobs in wanted
        ]

    def _answers(self, requests: dict[Request, None]) -> dict[Request, tuple[Comment, ...]]:
        memory = Memory(self._folder, self.identity) if self._folder else None
        said: dict[Request, tuple[Comment, ...]] = {}
        for request in requests:
            known = memory.get(request) if memory is not None else None
            if known is not None:
                said[request] = known
        missing = [request for request in requests if request not in said]
        if missing:
            fresh = ask(self._program, missing, self._jobs)
            said.update(fresh)
            if memory is not None:
                memory.put(fresh)
        return said


def _request(job: Job) -> Request:
    return Request(job.dialect, job.variables, job.text, job.script.is_readable)


def _extra(job: Job, comment: Comment) -> Extra:
    rule = _rule(comment.code, comment.level)
    span = job.script.span_of(comment.start, comment.end)
    return rule, Diagnostic(comment.message, span, job.instruction, _fixes(job, comment))


def _fixes(job: Job, comment: Comment) -> tuple[Fix, ...]:
    """What ShellCheck proposes: good advice, but another program than before."""
    if not comment.replacements:
        return ()
    edits = tuple(
        Edit(job.script.span_of(one.start, one.end), one.text) for one in comment.replacements
    )
    return (Fix("apply what ShellCheck proposes", edits, is_safe=False),)


@lru_cache(maxsize=512)
def _rule(code: int, level: str) -> Rule:
    """A rule for one of ShellCheck's codes."""
    severity = Severity(level) if level in {one.value for one in Severity} else Severity.WARNING
    name = f"SC{code}"
    return Rule(f"shellcheck-{code}", name, severity=severity, has_page=False, profiles=BOTH)
