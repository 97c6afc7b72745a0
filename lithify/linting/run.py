"""Owns a run of the linter: files in, one report for each out, in the order asked for.

A file that cannot be read is reported and hides no other. Many files are shared between processes, for the work is
all computing; a few are not, for starting a process costs more than reading them. It refuses to choose files
(`discovery`) and to know where settings came from (`settings`).
"""

from __future__ import annotations

import os
from contextlib import closing
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

from lithify.cache.platform import host_platform
from lithify.compiler.lint.linter import examine, judge
from lithify.compiler.lint.policy import Policy, plain_names
from lithify.compiler.plan import BuildOptions
from lithify.errors import SourceText
from lithify.grammar.parser import parse
from lithify.linting.images import SeenImages, StoreImages
from lithify.linting.report import FileReport, item
from lithify.linting.sight import Sight, digest
from lithify.linting.surroundings import surrounding_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lithify.cache.platform import Platform
    from lithify.compiler.lint.context import LintContext
    from lithify.compiler.lint.linter import Examined, Extra, Surrounding
    from lithify.grammar.ast import Dockerfile
    from lithify.linting.sight import Notes

#: Below this many files, one process is faster than several.
_WORTH_SHARING = 80
_LARGEST_BYTES = 16 * 1024 * 1024


class ExtraFinder(Protocol):
    """Another program that finds things in files: for each of many contexts, its findings."""

    def __call__(self, contexts: Sequence[LintContext]) -> Sequence[Sequence[Extra]]: ...

    @property
    def identity(self) -> str:
        """Tells it from every program that may answer otherwise."""


class LintRequest(NamedTuple):
    """What is asked of a run.

    `per_file_ignores` pairs a pattern of paths with names of rules; `context` is the build context of all files, ''
    for the folder that each file's sources lie in; `stdin` is the content of the file `-`, shown as `stdin_name`.
    `repair` changes files ('write') or tells what would change ('diff'), by safe fixes, and others if `unsafe`.
    `store` is the folder of the store whose images are looked into, '' for none; `memory` the one where reports on
    many files are remembered, '' for nowhere."""

    policy: Policy = Policy()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    build_args: tuple[tuple[str, str], ...] = ()
    context: str = ""
    stdin: bytes = b""
    stdin_name: str = "-"
    jobs: int = 0
    extra: ExtraFinder | None = None
    repair: str = ""
    unsafe: bool = False
    rule_files: tuple[str, ...] = ()
    store: str = ""
    memory: str = ""


def with_rules_of_the_project(request: LintRequest, rule_files: tuple[str, ...]) -> LintRequest:
    """The request with rules that a project brings, whose names comments may use. They are loaded by the run."""
    names = plain_names(rule_name(path) for path in rule_files)
    return request._replace(rule_files=rule_files, policy=request.policy._replace(others=names))


def rule_name(path: str) -> str:
    """What a rule in a file is called."""
    return os.path.splitext(os.path.basename(path))[0].replace("_", "-")


def lint_paths(paths: Sequence[str], request: LintRequest) -> list[FileReport]:
    """Reports on files, in the order given. Raises nothing for what is wrong with one of them."""
    jobs = request.jobs or min(os.cpu_count() or 1, 8)
    if jobs < 2 or len(paths) < _WORTH_SHARING:
        return lint_here(paths, request)
    from lithify.linting.many import lint_many

    return lint_many(paths, request, jobs)


def lint_here(paths: Sequence[str], request: LintRequest) -> list[FileReport]:
    """Reports on files, made in this process."""
    return [one.report for one in judged(paths, request)]


class Judged(NamedTuple):
    """A report, the digest of what was read, and what was seen besides; '' and None if it is good for this run only."""

    report: FileReport
    content: str = ""
    notes: Notes | None = None


def judged(paths: Sequence[str], request: LintRequest) -> list[Judged]:
    """Reports on files with what they depend on, made in this process."""
    with closing(StoreImages(request.store)) as images:
        sight = Sight()
        done = [_attempt(path, request, Sight(sight), images) for path in paths]
        contexts = [one.examined.context for one in done if isinstance(one, _Read)]
        extras = iter(extras_of(contexts, request))
        return [
            Judged(one.report(next(extras)), one.content, one.notes)
            if isinstance(one, _Read)
            else Judged(one)
            for one in done
        ]


def extras_of(contexts: Sequence[LintContext], request: LintRequest) -> list[list[Extra]]:
    """What others find in each file: other programs, and rules of the project. Raises ConfigurationError."""
    found: list[list[Extra]] = [[] for _ in contexts]
    if request.extra is not None:
        for own, more in zip(found, request.extra(contexts), strict=True):
            own += more
    if request.rule_files:
        from lithify.linting.custom import load_rules

        rules = load_rules(request.rule_files)
        for own, context in zip(found, contexts, strict=True):
            own += (one for rule in rules for one in rule.findings(context))
    return found


class _Read(NamedTuple):
    """A file that was read. `changes` are what was repaired, `diff` what would be, `output` a repaired stdin."""

    name: str
    examined: Examined
    policy: Policy
    content: str = ""
    notes: Notes | None = None
    changes: tuple[tuple[str, int], ...] = ()
    diff: str = ""
    output: str = ""

    def report(self, extra: Sequence[Extra]) -> FileReport:
        findings = judge(self.examined, self.policy, extra)
        items = tuple(item(self.name, one) for one in findings)
        text = self.examined.context.dockerfile.source.text if items else ""
        return FileReport(
            self.name, items, text, fixed=self.changes, diff=self.diff, output=self.output
        )


def _attempt(
    path: str, request: LintRequest, sight: Sight, images: StoreImages
) -> FileReport | _Read:
    name = request.stdin_name if path == "-" else path
    try:
        return _read(path, name, request, sight, images)
    except OSError as error:
        return FileReport(name, problem=(error.strerror or str(error)).lower())
    except UnicodeDecodeError as error:
        return FileReport(name, problem=f"not repaired: no UTF-8 at byte {error.start}")


def _read(path: str, name: str, request: LintRequest, sight: Sight, images: StoreImages) -> _Read:
    data = request.stdin if path == "-" else read_file(path)
    text = data.decode("utf-8", "strict" if request.repair else "replace")
    policy = policy_for(path, request)
    dockerfile = parse(SourceText(name, text))
    around = surrounded(dockerfile, path, request, sight, images)
    if not request.repair:
        return _Read(name, examine(dockerfile, policy, around), policy, digest(data), sight.notes)
    from lithify.linting.fixing import repaired
    from lithify.rewriting import difference, replace_file

    # What ShellCheck proposes is never safe, so it is not asked where only safe repairs are wanted.
    asked = request if request.unsafe else request._replace(extra=None)
    after, changes = repaired(
        name,
        text,
        policy,
        around,
        lambda context: extras_of([context], asked)[0],
        unsafe=request.unsafe,
    )
    if request.repair == "diff":
        diff = difference(name, text, after) if after != text else ""
        examined = examine(dockerfile, policy, around)
        return _Read(name, examined, policy, changes=changes, diff=diff)
    if path != "-" and after != text:
        replace_file(path, after.encode("utf-8"))
    examined = examine(parse(SourceText(name, after)), policy, around)
    output = after if path == "-" else ""
    return _Read(name, examined, policy, changes=changes, output=output)


@cache
def _host() -> Platform:
    return host_platform(os.uname().machine)


def surrounded(
    dockerfile: Dockerfile, path: str, request: LintRequest, sight: Sight, images: StoreImages
) -> Surrounding:
    """What a file stands in, as a run sees it through the file's view; `-` lies nowhere."""
    options = BuildOptions(build_args=request.build_args, host=_host())
    place = "" if path == "-" else path
    seen = SeenImages(images, sight.notes)
    return surrounding_of(dockerfile, place, request.context, options, sight, seen)


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
