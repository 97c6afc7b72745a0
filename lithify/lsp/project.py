"""Owns the settings of the linter for the files of an editor: those that `lithify lint` would find in the same folder.

An editor has several folders open and one process; so every folder is looked at by itself, once, until one of its
settings changes. It refuses to fail: broken settings are told of once, and what is left of them counts.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from lithify.errors import ConfigurationError
from lithify.linting.configuration import configure
from lithify.linting.run import LintRequest, with_rules_of_the_project
from lithify.linting.settings import Layer
from lithify.lsp.scripts import editor_shellcheck

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lithify.linting.settings import Settings
    from lithify.lsp.scripts import EditorShellCheck

#: Files that decide about the linter or the context of a build; an editor is asked to watch them.
WATCHED = (
    "**/lithify.toml", "**/pyproject.toml", "**/.hadolint.yaml", "**/.hadolint.yml",
    "**/.dockerignore", "**/*.dockerignore",
)  # fmt: skip


class ServerOptions(NamedTuple):
    """What the server was started with. `store` is the folder of the store, '' for none."""

    environ: Mapping[str, str]
    store: str = ""
    allows_custom_rules: bool = False


class Projects:
    """The requests of folders; `tell` is called with what is wrong with settings."""

    def __init__(self, options: ServerOptions, tell: Callable[[str], None]) -> None:
        self._options = options
        self._tell = tell
        self._folders: tuple[str, ...] = ()
        self._known: dict[str, LintRequest] = {}
        self._shellchecks: dict[str, EditorShellCheck | None] = {}

    def open_folders(self, folders: tuple[str, ...]) -> None:
        """The folders of the editor, as they are now."""
        self._folders = tuple(os.path.realpath(one) for one in folders)
        self.forget()

    def forget(self) -> None:
        """Settings may have changed."""
        self._known.clear()

    def folder_of(self, path: str) -> str:
        """The folder that a file's settings are looked for in: the innermost open one, else its own."""
        own = os.path.dirname(os.path.realpath(path)) if path else os.getcwd()
        holding = (one for one in self._folders if f"{own}/".startswith(f"{one.rstrip('/')}/"))
        return max(holding, key=len, default=own)

    def request(self, path: str) -> LintRequest:
        """What is asked of a run of the linter in the folder of a file."""
        folder = self.folder_of(path)
        if folder not in self._known:
            self._known[folder] = self._read(folder)
        return self._known[folder]

    @property
    def shellchecks(self) -> tuple[EditorShellCheck, ...]:
        """Those that findings are waiting for, or were."""
        return tuple(one for one in self._shellchecks.values() if one is not None)

    def shown_path(self, path: str) -> str:
        """A file's path as a run in its folder would call it, for patterns of paths."""
        return os.path.relpath(os.path.realpath(path), self.folder_of(path)) if path else "-"

    def _read(self, folder: str) -> LintRequest:
        environ = self._options.environ
        try:
            configured = configure(Layer(), "", environ, folder)
        except ConfigurationError as error:
            self._tell(f"{error.message}; the settings of this file do not count")
            configured = configure(Layer(), os.devnull, environ, folder)
        for note in configured.notes:
            self._tell(note)
        return self._request(folder, configured.settings)

    def _request(self, folder: str, settings: Settings) -> LintRequest:
        rule_files = settings.rule_files
        if rule_files and not self._options.allows_custom_rules:
            self._tell("rules of the project are switched off; --allow-custom-rules loads them")
            rule_files = ()
        made = editor_shellcheck(settings, self._options.environ, self._tell)
        # What it has said stays true when settings change, as long as it is asked at all.
        shellcheck = made and (self._shellchecks.get(folder) or made)
        self._shellchecks[folder] = shellcheck
        request = LintRequest(settings.policy, settings.per_file, extra=shellcheck)
        return with_rules_of_the_project(request, rule_files)
