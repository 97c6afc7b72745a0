"""Owns check-outs: one commit of a git repository, by the git program in a closed environment.

A repository is a stranger: no configuration of the machine, hooks, prompts or local transports take part. What a name
means is asked first, so that an unchanged repository is not fetched. It refuses to run without git, to guess at
references, and ssh hosts whose key is not known.

Specification: section 4.5.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lithify.errors import BuildError
from lithify.executor.remote.gitprogram import GitProgram

if TYPE_CHECKING:
    from pathlib import Path

    from lithify.compiler.plan import GitSource
    from lithify.executor.access import Access

_COMMIT = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")
_SHA256_LENGTH = 64
_PEELED = "^{}"
#: How a short name may stand for a full one, in git's order of preference.
_RULES = ("{}", "refs/{}", "refs/tags/{}", "refs/heads/{}")
#: Says when or where the check-out was made, not what it is.
_VOLATILE = ("FETCH_HEAD", "ORIG_HEAD", "logs", "hooks", "description")


@dataclass(frozen=True, slots=True)
class Revision:
    """What a reference means now: the name to fetch ('' is the commit itself), and the commit."""

    name: str
    commit: str


@dataclass(frozen=True, slots=True)
class CheckOut:
    """A commit in a directory; `time_s` is the committer's."""

    commit: str
    time_s: int


def find_revision(source: GitSource, access: Access) -> Revision:
    """The commit that a source names, with one question to its server.

    Raises BuildError without git, for an unknown reference, and when the checksum is another commit's;
    Cancelled."""
    wanted = source.ref or "HEAD"
    if _COMMIT.match(wanted):
        _verify(source, wanted)
        return Revision("", wanted)
    listed = GitProgram(source, access).run(
        "ls-remote", "--quiet", "--", source.url, wanted, f"{wanted}{_PEELED}"
    )
    known = {name: commit for commit, _, name in _lines(listed)}
    for rule in _RULES:
        name = rule.format(wanted)
        if name in known:
            commit = known.get(name + _PEELED, known[name])
            _verify(source, commit, known[name])
            return Revision(name, commit)
    raise BuildError(f"repository does not contain ref {wanted}, output: {_shown(listed)}")


def check_out(source: GitSource, revision: Revision, directory: Path, access: Access) -> CheckOut:
    """Put a commit into an empty directory, without `.git` unless the source keeps it.

    Raises BuildError when it cannot be fetched or the reference has moved; Cancelled."""
    git = GitProgram(source, access, directory)
    is_sha256 = len(revision.commit) == _SHA256_LENGTH
    git.run(
        "init", "--quiet", "--template=", f"--object-format={'sha256' if is_sha256 else 'sha1'}"
    )
    _fetch(git, source, revision)
    if git.run("rev-parse", "--verify", f"{revision.commit}^{{commit}}").strip() != revision.commit:
        raise BuildError(f"{revision.commit} is no commit")
    git.run("checkout", "--quiet", "--detach", revision.commit)
    if source.submodules and (directory / ".gitmodules").is_file():
        git.run("remote", "add", "origin", "--", source.url)
        git.run("submodule", "--quiet", "update", "--init", "--recursive", "--depth=1")
    time_s = int(git.run("show", "--no-patch", "--format=%ct", revision.commit).strip() or 0)
    if source.keep_git_dir:
        _settle(git, directory / ".git")
    else:
        _drop_git(directory)
    return CheckOut(revision.commit, max(0, time_s))


def _lines(listed: str) -> list[tuple[str, str, str]]:
    return [line.partition("\t") for line in listed.splitlines()]


def _shown(listed: str) -> str:
    return repr(listed[:200])


def _verify(source: GitSource, *commits: str) -> None:
    wanted = source.checksum.lower()
    if wanted and not any(one.startswith(wanted) for one in commits):
        raise BuildError(f"expected checksum to match {source.checksum}, got {commits[0]}")


def _fetch(git: GitProgram, source: GitSource, revision: Revision) -> None:
    wanted = revision.name or revision.commit
    words = ("fetch", "--quiet", "--no-tags")
    try:
        git.run(*words, "--depth=1", "--", source.url, wanted)
    except BuildError:
        # Plain file servers know no depth, and some give a commit only with the branch that holds it.
        refs = (wanted,) if revision.name else ("+refs/heads/*:refs/h/*", "+refs/tags/*:refs/t/*")
        git.run(*words, "--", source.url, *refs)
    if not _holds(git, revision.commit):
        # The name has moved on since it was asked for: another build would get another key.
        raise BuildError(
            f"repository does not contain commit {revision.commit} of {source.ref or 'HEAD'} any more",
            hint="build again",
        )


def _holds(git: GitProgram, commit: str) -> bool:
    try:
        git.run("cat-file", "-e", f"{commit}^{{commit}}")
    except BuildError:
        return False
    return True


def _settle(git: GitProgram, directory: Path) -> None:
    """Make a kept .git directory free of times and of this machine."""
    for name in _VOLATILE:
        path = directory / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    (directory / "index").unlink(missing_ok=True)
    git.run("read-tree", "HEAD")


def _drop_git(directory: Path) -> None:
    """Remove `.git`, which in a submodule is a file."""
    shutil.rmtree(directory / ".git")
    for parent, folders, files in os.walk(directory):
        if ".git" in files:
            os.unlink(os.path.join(parent, ".git"))
        if ".git" in folders:
            shutil.rmtree(os.path.join(parent, ".git"))
            folders.remove(".git")
