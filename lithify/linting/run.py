"""Owns a run of the linter: files in, one report for each out, in the order asked for.

A file that cannot be read is reported and hides no other. Many files are shared between processes, for the work is
all computing; a few are not, for starting a process costs more than reading them. It refuses to choose files
(`discovery`) and to know where settings came from (`settings`).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from lithify.cache.platform import host_platform
from lithify.compiler.lint.linter import examine, judge
from lithify.compiler.lint.policy import Policy, plain_names
from lithify.compiler.plan import BuildOptions
from lithify.errors import SourceText
from lithify.grammar.parser import parse
from lithify.linting.report import FileReport, item
from lithify.linting.surroundings import surrounding_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from lithify.compiler.lint.context import LintContext
    from lithify.compiler.lint.linter import Examined, Extra

    #: What other programs find: for each of many contexts, its findings.
    ExtraFinder = Callable[[Sequence[LintContext]], Sequence[Sequence[Extra]]]

#: Below this many files, one process is faster than several.
_WORTH_SHARING = 80
_LARGEST_BYTES = 16 * 1024 * 1024


class LintRequest(NamedTuple):
    """What is asked of a run.

    `per_file_ignores` pairs a pattern of paths with names of rules; `context` is the build context of all files, ''
    for the folder that each file's sources lie in; `stdin` is the content of the file `-`, shown as `stdin_name`."""

    policy: Policy = Policy()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    build_args: tuple[tuple[str, str], ...] = ()
    context: str = ""
    stdin: bytes = b""
    stdin_name: str = "-"
    jobs: int = 0
    extra: ExtraFinder | None = None


def lint_paths(paths: Sequence[str], request: LintRequest) -> list[FileReport]:
    """Reports on files, in the order given. Raises nothing for what is wrong with one of them."""
    jobs = request.jobs or min(os.cpu_count() or 1, 8)
    if jobs < 2 or len(paths) < _WORTH_SHARING:
        return lint_here(paths, request)
    from lithify.linting.sharing import shared

    return shared(paths, request, jobs)


def lint_here(paths: Sequence[str], request: LintRequest) -> list[FileReport]:
    """Reports on files, made in this process."""
    done = [_examined(path, request) for path in paths]
    readable = [one for one in done if not isinstance(one, FileReport)]
    extras: Iterator[Sequence[Extra]] = iter(())
    if request.extra is not None:
        extras = iter(request.extra([one.examined.context for one in readable]))
    return [one if isinstance(one, FileReport) else one.report(next(extras, ())) for one in done]


class _Read(NamedTuple):
    name: str
    examined: Examined
    policy: Policy

    def report(self, extra: Sequence[Extra]) -> FileReport:
        findings = judge(self.examined, self.policy, extra)
        items = tuple(item(self.name, one) for one in findings)
        text = self.examined.context.dockerfile.source.text if items else ""
        return FileReport(self.name, items, text)


def _examined(path: str, request: LintRequest) -> FileReport | _Read:
    name = request.stdin_name if path == "-" else path
    try:
        data = request.stdin if path == "-" else read_file(path)
    except OSError as error:
        return FileReport(name, problem=(error.strerror or str(error)).lower())
    dockerfile = parse(SourceText(name, data.decode("utf-8", "replace")))
    policy = policy_for(path, request)
    options = BuildOptions(build_args=request.build_args, host=host_platform(os.uname().machine))
    around = surrounding_of(dockerfile, "" if path == "-" else path, request.context, options)
    return _Read(name, examine(dockerfile, policy, around), policy)


def read_file(path: str) -> bytes:
    """A Dockerfile's bytes. Raises OSError, also for what is larger than any Dockerfile."""
    with open(path, "rb") as file:
        data = file.read(_LARGEST_BYTES + 1)
    if len(data) > _LARGEST_BYTES:
        raise OSError(0, f"larger than {_LARGEST_BYTES} bytes")
    return data


def policy_for(path: str, request: LintRequest) -> Policy:
    """The policy with what is ignored in this file alone."""
    if not request.per_file_ignores:
        return request.policy
    from fnmatch import fnmatch

    names = [
        name
        for pattern, ignored in request.per_file_ignores
        if fnmatch(path, pattern) or fnmatch(os.path.basename(path), pattern)
        for name in ignored
    ]
    if not names:
        return request.policy
    return request.policy._replace(ignored=request.policy.ignored | plain_names(names))
