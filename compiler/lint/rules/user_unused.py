"""A user that is created should be used.

What it does: reports a RUN of the resulting image that creates a user which nothing else in the file mentions, while
the container is executed by root.

Why it matters: the user was meant to take the place of root, and does not.

Example:

    FROM debian:13
    RUN useradd --system app
    CMD ["serve"]

Use instead:

    FROM debian:13
    RUN useradd --system app
    USER app
    CMD ["serve"]
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Fix, about
from lithify.compiler.lint.insight.edits import inserted_after, inserted_before
from lithify.compiler.lint.insight.scripts import mentions, operands, program, steps, text_of
from lithify.compiler.lint.insight.story import image_at_hand, shipped
from lithify.grammar.ast import Cmd, Entrypoint, ExecForm, Healthcheck, User

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.lint.insight.scripts import Step
    from lithify.compiler.lint.insight.story import Place
    from lithify.compiler.shell.model import Command

_VALUED = frozenset((
    "-u", "--uid", "-g", "--gid", "-G", "--groups", "-d", "--home", "--home-dir", "-s", "--shell",
    "-c", "--comment", "--gecos", "-h", "-p", "--password", "-k", "--skel", "-K", "-b", "-e", "-f",
    "--ingroup",
))  # fmt: skip
#: Programs that change to another user while the container runs, or start programs that do.
_SWITCHES = re.compile(
    r"\b(?:gosu|su-exec|setpriv|runuser|sudo|su|s6-setuidgid|chpst|supervisord?|sshd|nginx|apache2|"
    r"httpd|postfix|cron|init|dumb-init|tini|php-fpm|entrypoint|start|run)\b"
)


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    places = shipped(ctx)
    if not places or any(isinstance(one.instruction, User) for one in places):
        return
    image = image_at_hand(places[0].stage)
    is_other = image is not None and image.config.config.user not in ("", "0", "root")
    if is_other or _may_switch(places):
        return
    for step in steps(ctx, places):
        for command in step.commands:
            name = _created(command)
            if name and not _is_mentioned(ctx, places, step, command, name):
                message = f"The user {name} is created, but the container is executed by root"
                fix = _fix(places, name)
                yield about(step.run, message, step.span(command))._replace(fixes=(fix,))


def _may_switch(places: tuple[Place, ...]) -> bool:
    """Whether what the container executes may change the user, or is not told by the file."""
    final = [one for one in places if isinstance(one.instruction, Entrypoint | Cmd)]
    if not final:
        return True
    for one in final:
        command = one.instruction
        assert isinstance(command, Entrypoint | Cmd)
        form = command.command
        text = " ".join(form.args) if isinstance(form, ExecForm) else form.text
        if _SWITCHES.search(text) or re.search(r"\.(?:sh|bash)\b", text):
            return True
    return False


def _created(command: Command) -> str:
    """The user that a command creates."""
    if program(command) not in ("useradd", "adduser"):
        return ""
    words = operands(command, _VALUED)
    # `adduser user group` adds to a group.
    is_one = len(words) == 1 and words[0].is_literal
    return words[0].text if is_one and "$" not in words[0].text else ""


def _is_mentioned(
    ctx: LintContext, places: tuple[Place, ...], step: Step, command: Command, name: str
) -> bool:
    """Whether a program, not only the owner of a file, is given the name."""
    for place in places:
        if place.instruction is not step.run and mentions(text_of(place), name):
            return True
    others = (one for one in step.commands if one.start != command.start)
    texts = (word.text for one in others if program(one) not in _KEEPING for word in one.arguments)
    return any(mentions(text, name) for text in texts)


_KEEPING = frozenset(("chown", "chgrp", "mkdir", "usermod", "groupadd", "addgroup", "passwd"))


def _fix(places: tuple[Place, ...], name: str) -> Fix:
    """USER before what the container executes."""
    ends = [
        one.instruction
        for one in places
        if isinstance(one.instruction, Cmd | Entrypoint | Healthcheck)
    ]
    last = places[-1].instruction
    first_end = next((one for one in ends if one.span.start > _last_work(places)), None)
    text = f"USER {name}"
    edit = inserted_after(last, text) if first_end is None else inserted_before(first_end, text)
    return Fix(text, (edit,), is_safe=False)


def _last_work(places: tuple[Place, ...]) -> int:
    """Where the last instruction stands that may need root."""
    quiet = (Cmd, Entrypoint, Healthcheck)
    return max(
        one.instruction.span.start for one in places if not isinstance(one.instruction, quiet)
    )
