"""What a server sends should not be executed unseen.

What it does: reports a download that is piped into a shell or another interpreter, also over a file in between, without
comparing a checksum or a signature.

Why it matters: whoever can change the script on its server, or the way to it, is in the image; and if the transfer
breaks off, half of the script is executed.

Example:

    FROM debian:13
    RUN curl -fsSL https://example.org/install.sh | sh

Use instead:

    FROM debian:13
    RUN curl -fsSLo /tmp/install.sh https://example.org/install.sh \\
     && echo "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae  /tmp/install.sh" | sha256sum -c \\
     && sh /tmp/install.sh
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Related, about
from lithify.compiler.lint.insight.downloads import downloads, receivers, verifies
from lithify.compiler.lint.insight.scripts import operands, own_arguments, program, steps
from lithify.compiler.lint.insight.story import every_place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.lint.insight.downloads import Download
    from lithify.compiler.lint.insight.scripts import Step
    from lithify.compiler.shell.model import Command

SHELLS = frozenset(("sh", "bash", "dash", "ash", "zsh", "ksh", "python", "python3", "perl", "ruby",
                    "node", "php"))  # fmt: skip


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for step in steps(ctx, every_place(ctx)):
        found = list(downloads(step.script))
        if not found or verifies(step.script):
            continue
        for one in found:
            executor = _executor(step, one)
            if executor is not None:
                message = f"{program(executor)} executes whatever {_host(one.url.text)} sends"
                related = Related(step.span(executor), "executed here")
                finding = about(step.run, message, step.span(one.command))
                yield finding._replace(related=(related,))


def _executor(step: Step, download: Download) -> Command | None:
    command = download.command
    if not download.file:
        behind = receivers(step.script, command)
        outer = step.commands[command.outer] if 0 <= command.outer < len(step.commands) else None
        if outer is not None and program(outer) in (*SHELLS, "eval", "source", "."):
            return outer
        return next((one for one in behind if _reads_program(one)), None)
    for later in step.commands:
        if later.start > command.start and program(later) in (*SHELLS, "source", "."):
            words = operands(later)[:1]
            if words and posixpath.basename(words[0].text) == download.name:
                return later
    return None


def _reads_program(command: Command) -> bool:
    """Whether an interpreter takes its program from standard input: it has no other."""
    kind = program(command)
    if kind not in SHELLS:
        return False
    is_shell = kind in ("sh", "bash", "dash", "ash", "zsh", "ksh")
    words = [word.text for word in own_arguments(command)]
    if any(one in ("-c", "-m", "-e", "-r", "-n", "-p", "-ne", "-pe") for one in words):
        return False
    plain = [one for one in words if not one.startswith("-")]
    is_told = is_shell and any(re.fullmatch(r"-[a-z]*s[a-z]*", one) for one in words)
    return not plain or "-" in words or is_told


def _host(url: str) -> str:
    return url.split("/")[2] if url.count("/") > 1 else url
