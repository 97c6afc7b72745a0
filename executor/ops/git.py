"""Owns check-outs of ADD: one commit of a git repository, by the git program in a closed environment.

A repository is a stranger: no configuration of the machine, hooks, prompts or local transports take part. It refuses
to run without git, and to guess at references.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

from lithify.errors import BuildError

if TYPE_CHECKING:
    from pathlib import Path

    from lithify.compiler.plan import GitSource

_TIMEOUT_S = 1800
_PROTOCOLS = "https:http:ssh:git"
_COMMIT = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.autocrlf=false",
    "core.symlinks=true",
    "advice.detachedHead=false",
    "gc.auto=0",
)
#: Says when or where the check-out was made, not what it is.
_VOLATILE = ("FETCH_HEAD", "ORIG_HEAD", "logs", "hooks", "description")


def check_out(source: GitSource, directory: Path, *, protocols: str = _PROTOCOLS) -> str:
    """Put the wanted commit into an empty directory and return its hash.

    Raises BuildError without git, for an unknown reference, and when the checksum is another commit's."""
    git = _Git(source, directory, protocols)
    git.run("init", "--quiet", "--template=")
    _fetch(git, source)
    found = git.run("rev-parse", "FETCH_HEAD", "FETCH_HEAD^{commit}").split()
    if source.checksum and not any(one.startswith(source.checksum.lower()) for one in found):
        raise BuildError(f"expected checksum to match {source.checksum}, got {found[-1]}")
    git.run("checkout", "--quiet", "--detach", found[-1])
    if source.submodules and (directory / ".gitmodules").is_file():
        git.run("remote", "add", "origin", "--", source.url)
        git.run("submodule", "--quiet", "update", "--init", "--recursive", "--depth=1")
    if source.keep_git_dir:
        _settle(git, directory / ".git")
    return found[-1]


def _fetch(git: _Git, source: GitSource) -> None:
    wanted = source.ref or "HEAD"
    try:
        git.run("fetch", "--quiet", "--no-tags", "--depth=1", "--", source.url, wanted)
        return
    except BuildError:
        if not _COMMIT.match(wanted):
            raise
    # Some servers give a commit only with the branch that holds it.
    git.run("fetch", "--quiet", "--tags", "--", source.url, "+refs/heads/*:refs/remotes/origin/*")
    (git.directory / ".git/FETCH_HEAD").write_text(f"{wanted}\t\t\n")


def _settle(git: _Git, directory: Path) -> None:
    """Make a kept .git directory free of times and of this machine."""
    for name in _VOLATILE:
        path = directory / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    (directory / "index").unlink(missing_ok=True)
    git.run("read-tree", "HEAD")


class _Git:
    def __init__(self, source: GitSource, directory: Path, protocols: str) -> None:
        self.directory = directory
        self._source = source
        program = shutil.which("git")
        if program is None:
            raise BuildError(
                f"cannot check out {_redacted(source.url)}: there is no git program",
                hint="install git, or fetch the repository into the context first",
            )
        self._command = [program, "-C", os.fspath(directory)]
        for setting in _SETTINGS:
            self._command += ["-c", setting]
        self._env = {
            "PATH": os.pathsep.join((os.path.dirname(program), os.defpath)),
            "HOME": "/nonexistent",
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "false",
            "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
            "GIT_LFS_SKIP_SMUDGE": "1",
            "GIT_ALLOW_PROTOCOL": protocols,
        }

    def run(self, *words: str) -> str:
        """The standard output of a git command. Raises BuildError with the last line of its complaint."""
        try:
            done = subprocess.run(
                [*self._command, *words],
                env=self._env,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                umask=0o022,
                timeout=_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise self._error("git did not come to an end") from error
        if done.returncode:
            raise self._error(_reason(done.stderr.decode("utf-8", "replace"), self._source))
        return done.stdout.decode("utf-8", "replace")

    def _error(self, why: str) -> BuildError:
        return BuildError(f"cannot check out {_redacted(self._source.url)}: {why}")


def _reason(complaint: str, source: GitSource) -> str:
    if "couldn't find remote ref" in complaint:
        return f"repository does not contain ref {source.ref or 'HEAD'}"
    lines = [line for line in complaint.replace(source.url, "the repository").splitlines() if line]
    return lines[-1][:300] if lines else "git failed without a word"


def _redacted(url: str) -> str:
    """The address without credentials."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        return url
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
