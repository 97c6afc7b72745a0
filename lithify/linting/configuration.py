"""Owns which settings count: the command line, then our own file, then hadolint's, then its environment variables.

It refuses to guess: a file that was named must be there and mean something; one that was found must at least mean
something. Only in the profile of hadolint a broken file of hadolint is told of and passed over, as it does.

Specification of hadolint's part: its manual, and its behaviour where the two differ.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from lithify.errors import ConfigurationError
from lithify.linting import hadolint_files, own_files
from lithify.linting.settings import Layer, Settings, settle

if TYPE_CHECKING:
    from collections.abc import Mapping


class Configured(NamedTuple):
    """The decisions, and what is worth telling about where they came from."""

    settings: Settings
    notes: tuple[str, ...] = ()


def configure(
    command_line: Layer, named: str, environ: Mapping[str, str], folder: str = os.curdir
) -> Configured:
    """All sources as one. `named` is a file of either kind, '' to look for both from a folder upwards.

    Raises ConfigurationError."""
    own, foreign = Layer(), hadolint_files.Read(Layer())
    notes: tuple[str, ...] = ()
    if named.endswith(".toml"):
        own = own_files.read_file(named)
    elif not named and (path := own_files.find_file(folder)):
        own = own_files.read_file(path)
    if not named.endswith(".toml"):
        path = named or next(filter(os.path.isfile, hadolint_files.candidates(environ, folder)), "")
        try:
            foreign = hadolint_files.read_file(path) if path else foreign
        except ConfigurationError as error:
            is_compatible = (command_line.profile or own.profile) == "hadolint"
            if not is_compatible or not os.path.exists(path):
                raise
            notes = (error.message,)
    environment = hadolint_files.read_environment(environ)
    settings = settle((command_line, own, foreign.layer, environment))
    return Configured(settings, (*notes, *foreign.notes))
