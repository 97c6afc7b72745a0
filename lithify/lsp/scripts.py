"""Owns ShellCheck's part in an editor: what it said of scripts before is told at once, and it is asked about the rest later.

It is a program of its own and takes longer than a keystroke may, so nobody waits for it: unknown scripts are collected,
asked about in the background when the typing stops, and then the findings are complete. Answers are kept here and not
in the linter's memory, for most scripts of an editor are half written. It refuses to decide when to ask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.errors import UsageError
from lithify.linting.answers import cache_folder
from lithify.linting.shellcheck.choice import shellcheck_for
from lithify.linting.shellcheck.finder import ShellCheck
from lithify.linting.shellcheck.tool import ask, find_program

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lithify.linting.settings import Settings
    from lithify.linting.shellcheck.batch import Comment, Request

_MOST_KNOWN = 1000


class EditorShellCheck(ShellCheck):
    """ShellCheck that answers with what it knows."""

    def __init__(self, program: str) -> None:
        super().__init__(program)
        self._known: dict[Request, tuple[Comment, ...]] = {}
        self._waiting: dict[Request, None] = {}

    def take_waiting(self) -> tuple[Request, ...]:
        """The scripts that it has not been asked about; they count as asked from now on."""
        waiting, self._waiting = tuple(self._waiting), {}
        return waiting

    def ask(self, requests: tuple[Request, ...]) -> Mapping[Request, tuple[Comment, ...]]:
        """Run it. Changes nothing here, so that a thread can do it. Raises ConfigurationError."""
        return ask(self._program, list(requests), self._jobs)

    def learn(self, answers: Mapping[Request, tuple[Comment, ...]]) -> bool:
        """Remember answers; whether any of them says something."""
        if len(self._known) + len(answers) > _MOST_KNOWN:
            self._known.clear()
        self._known.update(answers)
        return any(answers.values())

    def _answers(self, requests: dict[Request, None]) -> dict[Request, tuple[Comment, ...]]:
        for request in requests:
            if request not in self._known:
                self._waiting[request] = None
        return {request: self._known.get(request, ()) for request in requests}


def editor_shellcheck(
    settings: Settings, environ: Mapping[str, str], tell: Callable[[str], None]
) -> EditorShellCheck | None:
    """ShellCheck where a run of the linter would ask it; `tell` is called if it is wanted and not there."""
    try:
        wanted = shellcheck_for(settings, cache_folder(environ))
    except UsageError as error:
        tell(error.message)
        return None
    program = find_program() if wanted is not None else None
    return EditorShellCheck(program) if program is not None else None
