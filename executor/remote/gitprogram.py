"""Owns the git program as a child process: its closed environment, credentials, bounds and complaints.

Settings and credentials travel in environment variables, which other users of the machine cannot read, unlike command
lines. It refuses configuration files, terminals, and an ssh that asks.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import stat
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lithify.errors import BuildError
from lithify.executor.remote.credentials import git_authorization, redacted, split_address

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lithify.compiler.plan import GitSource
    from lithify.executor.access import Access

_SETTINGS = (
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.autocrlf", "false"),
    ("core.symlinks", "true"),
    ("core.protectHFS", "true"),
    ("core.protectNTFS", "true"),
    ("advice.detachedHead", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("credential.helper", ""),
    ("protocol.version", "2"),
    # A transfer slower than this for the time set beside it is given up.
    ("http.lowSpeedLimit", "1"),
    ("http.followRedirects", "initial"),
)
_SSH = "ssh -F none -oBatchMode=yes -oStrictHostKeyChecking=yes"
_DEFAULT_AGENT = "default"
_MOST_COMPLAINT = 300
#: What git adds to what its transport has said better.
_VAGUE = "Could not read from remote repository"
_HOST_HINT = "add its key to the known_hosts file of the user who builds (ssh-keyscan shows it)"
_TOKEN_HINT = "--secret id=GIT_AUTH_TOKEN,... sends a token to that server"


class GitProgram:
    """git for one repository, in `directory` if one is given. Raises BuildError if there is no git."""

    def __init__(self, source: GitSource, access: Access, directory: Path | None = None) -> None:
        self._source = source
        self._access = access
        program = shutil.which("git")
        if program is None:
            raise BuildError(
                f"cannot check out {redacted(source.url)}: there is no git program",
                hint="install git, or fetch the repository into the context first",
            )
        self._command = [program]
        if directory is not None:
            self._command += ["-C", os.fspath(directory)]
        self._env = dict(_environment(program, source, access))

    def run(self, *words: str) -> str:
        """The standard output of a git command.

        Raises BuildError with the last line of its complaint; Cancelled."""
        self._access.cancellation.check()
        with (
            subprocess.Popen(
                [*self._command, *words],
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                umask=0o022,
                start_new_session=True,
            ) as process,
            self._access.cancellation.calling(lambda: _kill(process)),
        ):
            out, complaint = self._outcome(process)
        self._access.cancellation.check()
        if process.returncode:
            raise self._failed(complaint.decode("utf-8", "replace"))
        return out.decode("utf-8", "replace")

    def _outcome(self, process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
        try:
            return process.communicate(timeout=self._access.bounds.total_s)
        except subprocess.TimeoutExpired as error:
            _kill(process)
            process.communicate()
            why = f"git took longer than {self._access.bounds.total_s:g} s"
            raise self._error(why) from error

    def _failed(self, complaint: str) -> BuildError:
        if "couldn't find remote ref" in complaint:
            return BuildError(f"repository does not contain ref {self._source.ref or 'HEAD'}")
        hint = ""
        if "Host key verification failed" in complaint:
            hint = _HOST_HINT
        elif "could not read Username" in complaint or "Authentication failed" in complaint:
            hint = _TOKEN_HINT
        lines = [line for line in redacted(complaint).splitlines() if line.strip()]
        fatal = [line for line in lines if line.startswith("fatal:") and _VAGUE not in line]
        last = (fatal[-1:] or lines[:1] or ["git failed without a word"])[0]
        return self._error(last[:_MOST_COMPLAINT], hint)

    def _error(self, why: str, hint: str = "") -> BuildError:
        return BuildError(f"cannot check out {redacted(self._source.url)}: {why}", hint=hint)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """git and the transports it started, which share its session."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _environment(program: str, source: GitSource, access: Access) -> Iterator[tuple[str, str]]:
    yield "PATH", os.pathsep.join((os.path.dirname(program), os.defpath))
    yield "HOME", "/nonexistent"
    yield "LC_ALL", "C"
    yield "GIT_CONFIG_NOSYSTEM", "1"
    yield "GIT_CONFIG_GLOBAL", os.devnull
    yield "GIT_ATTR_NOSYSTEM", "1"
    yield "GIT_TERMINAL_PROMPT", "0"
    yield "GIT_ASKPASS", "false"
    yield "GIT_LFS_SKIP_SMUDGE", "1"
    yield "GIT_ALLOW_PROTOCOL", ":".join(access.git_protocols)
    yield "GIT_SSH_COMMAND", _ssh_command(access)
    settings = [*_SETTINGS, ("http.lowSpeedTime", str(max(1, int(access.bounds.silence_s))))]
    settings += _authorization(source.url, access)
    yield "GIT_CONFIG_COUNT", str(len(settings))
    for number, (key, value) in enumerate(settings):
        yield f"GIT_CONFIG_KEY_{number}", key
        yield f"GIT_CONFIG_VALUE_{number}", value
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        if value := access.proxy(name):
            yield name, value


def _authorization(url: str, access: Access) -> list[tuple[str, str]]:
    """The header for the repository's own server and no other, submodules' servers included."""
    if urlsplit(url).scheme not in ("http", "https"):
        return []
    parts = split_address(url)
    header = git_authorization(parts, access)
    if not header:
        return []
    place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/"
    return [(f"http.{place}.extraHeader", f"Authorization: {header}")]


def _ssh_command(access: Access) -> str:
    agent = access.ssh_agents.get(_DEFAULT_AGENT)
    if agent is None:
        return f"{_SSH} -oIdentityAgent=none -oIdentityFile=none"
    try:
        is_socket = stat.S_ISSOCK(agent.stat().st_mode)
    except OSError as error:
        raise BuildError(f"cannot use the ssh agent {agent}: {error.strerror}") from error
    if is_socket:
        return f"{_SSH} -oIdentityAgent={shlex.quote(os.fspath(agent))} -oIdentityFile=none"
    return f"{_SSH} -oIdentityAgent=none -oIdentitiesOnly=yes -i {shlex.quote(os.fspath(agent))}"
