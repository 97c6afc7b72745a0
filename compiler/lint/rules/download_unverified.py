"""What is downloaded and executed should be verified.

What it does: reports an archive, package or program that a RUN fetches with curl or wget and then unpacks, installs or
executes without comparing a checksum or a signature.

Why it matters: whoever can change the file on its server, or the way to it, is in the image.

Example:

    FROM debian:13
    RUN curl -fsSLo /tmp/tool.tar.gz https://example.org/tool-1.4.2.tar.gz && tar -xzf /tmp/tool.tar.gz -C /opt

Use instead:

    FROM debian:13
    RUN curl -fsSLo /tmp/tool.tar.gz https://example.org/tool-1.4.2.tar.gz \\
     && echo "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae  /tmp/tool.tar.gz" | sha256sum -c \\
     && tar -xzf /tmp/tool.tar.gz -C /opt
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Related, about
from lithify.compiler.lint.insight.downloads import downloads, receivers, verifies
from lithify.compiler.lint.insight.scripts import operands, program, steps
from lithify.compiler.lint.insight.story import every_place
from lithify.compiler.lint.rules.pipe_to_shell import SHELLS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.lint.insight.downloads import Download
    from lithify.compiler.lint.insight.scripts import Step
    from lithify.compiler.shell.model import Command

_UNPACKERS = frozenset(("tar", "bsdtar", "unzip", "gunzip", "xz", "7z", "zstd", "cpio"))
_INSTALLERS = frozenset(
    ("dpkg", "rpm", "apt-get", "apt", "yum", "dnf", "apk", "pip", "pip3", "gem")
)
_EXECUTORS = frozenset(("chmod", "install", "java"))


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for step in steps(ctx, every_place(ctx)):
        found = list(downloads(step.script))
        if not found or verifies(step.script):
            continue
        for one in found:
            use = _use(step, one)
            if use is not None:
                related = Related(step.span(use), "used here")
                message = "Nothing verifies this download before it is used"
                finding = about(step.run, message, step.span(one.command))
                yield finding._replace(related=(related,))


def _use(step: Step, download: Download) -> Command | None:
    """The first command that trusts a download; shells have a rule of their own."""
    if not download.file:
        behind = receivers(step.script, download.command)
        return next((one for one in behind if program(one) in _UNPACKERS), None)
    later = [one for one in step.commands if one.start > download.command.start]
    if any(program(one) in SHELLS and _names(one, download) for one in later):
        return None
    for command in later:
        kind = program(command)
        is_own = posixpath.basename(command.name) == download.name and "/" in command.name
        is_user = kind in _UNPACKERS or kind in _INSTALLERS or kind in _EXECUTORS
        if is_own or (is_user and _names(command, download) and _trusts(command)):
            return command
    return None


def _names(command: Command, download: Download) -> bool:
    words = (word.text for word in command.arguments)
    wanted = {download.file, f"./{download.file}", download.name, f"./{download.name}"}
    return any(word in wanted or word.endswith(f"/{download.name}") for word in words)


def _trusts(command: Command) -> bool:
    """chmod only where it makes the file executable."""
    if program(command) != "chmod":
        return True
    mode = operands(command)[:1]
    return bool(mode) and ("x" in mode[0].text or any(one in "157" for one in mode[0].text))
