"""Owns downloads of scripts: what curl and wget fetch, and where it goes.

It refuses programs that fetch on their own account, as package managers do: those have their own checks.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from lithify.compiler.lint.insight.scripts import operands, option, program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.shell.model import Command, Script, ShellWord

_URL = re.compile(r"(?:https?|ftp)://", re.IGNORECASE)
_CURL = frozenset((
    "-o", "--output", "-H", "--header", "-d", "--data", "-X", "--request", "-u", "--user", "-A",
    "--user-agent", "-m", "--max-time", "--retry", "--retry-delay", "--connect-timeout", "-b", "-e",
    "--cacert", "-E", "--cert", "--key", "-x", "--proxy", "-T", "-w", "--write-out", "-K", "-F",
))  # fmt: skip
_WGET = frozenset((
    "-O", "--output-document", "-P", "--directory-prefix", "-o", "--output-file", "-a", "-t",
    "--tries", "-T", "--timeout", "--header", "-U", "--user-agent", "-i", "--progress", "-w",
))  # fmt: skip
_REMOTE_NAME = re.compile(r"(?:-[a-zA-Z]*O[a-zA-Z]*|--remote-name)\Z")
_JOINED = re.compile(r"-[a-zA-Z]*O(.+)")
_WRITES = frozenset((">", ">>", ">|"))
_VERIFIERS = re.compile(
    r"(?:sha\d+sum|shasum|b2sum|md5sum|sha\d+|gpgv?2?|cosign|minisign|signify|rsync|slsa-verifier|"
    r"sigstore|openssl|cksum)\Z"
)


class Download(NamedTuple):
    """One address that is fetched; `file` is the written name of where to, '' for standard output."""

    command: Command
    url: ShellWord
    file: str

    @property
    def name(self) -> str:
        return posixpath.basename(self.file)


def downloads(script: Script) -> Iterator[Download]:
    """Everything that curl and wget fetch from the network, in order."""
    for command in script.commands:
        kind = program(command)
        if kind not in ("curl", "wget"):
            continue
        words = operands(command, _CURL if kind == "curl" else _WGET)
        for url in (word for word in words if _is_address(word.text)):
            yield Download(command, url, _file(kind, command, url.text))


def _is_address(text: str) -> bool:
    return _URL.match(text) is not None


def _file(kind: str, command: Command, url: str) -> str:
    name = posixpath.basename(url.partition("?")[0])
    if kind == "wget":
        given = option(command, "-O", "--output-document")
        text = given.text if given is not None else _attached(command)
        folder = option(command, "-P", "--directory-prefix")
        default = posixpath.join(folder.text, name) if folder is not None else name
        return _unless_output(default if text is None else text)
    given = option(command, "-o", "--output")
    if given is not None:
        return _unless_output(given.text)
    if any(_REMOTE_NAME.match(word.text) for word in command.arguments):
        return name
    written = (one.target.text for one in command.redirections if one.operator in _WRITES)
    return next(written, "")


def _attached(command: Command) -> str | None:
    """The file of wget's `-Ofile` or `-qO-`."""
    found = (_JOINED.match(word.text) for word in command.arguments)
    return next((match[1] for match in found if match), None)


def _unless_output(file: str) -> str:
    return "" if file in ("-", "/dev/stdout") else file


def verifies(script: Script) -> bool:
    """Whether a script compares a checksum or a signature of anything."""
    return any(_VERIFIERS.match(program(command)) for command in script.commands)


def receivers(script: Script, command: Command) -> tuple[Command, ...]:
    """The commands behind a command in its pipeline."""
    if command.pipeline < 0:
        return ()
    place = (command.pipeline, command.outer)
    return tuple(
        one
        for one in script.commands
        if (one.pipeline, one.outer) == place and one.start > command.start
    )
