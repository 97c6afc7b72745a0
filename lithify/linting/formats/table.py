"""Owns the list of the forms in which findings are shown, and the one signature they share.

A form is a function from reports to a whole text, imported on use. It refuses to write: the caller knows where to.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lithify.linting.report import FileReport


class Look(NamedTuple):
    """How a report is shown, besides its form.

    `is_compatible`: as hadolint writes it, under its name; `path` stands for the file where one is given
    (`--file-path-in-report`); `has_colour`: for a terminal; `clock` gives the time that JUnit's form holds."""

    is_compatible: bool = False
    version: str = ""
    path: str = ""
    has_colour: bool = False
    time: str = ""


if TYPE_CHECKING:
    Form = Callable[[Sequence[FileReport], Look], str]

_PACKAGE = "lithify.linting.formats"
FORMS: Mapping[str, str] = {
    "text": "text:text",
    "tty": "lines:tty",
    "gnu": "lines:gnu",
    "json": "documents:json_items",
    "codacy": "documents:codacy",
    "codeclimate": "documents:codeclimate",
    "gitlab_codeclimate": "documents:gitlab_codeclimate",
    "sonarqube": "documents:sonarqube",
    "checkstyle": "xml:checkstyle",
    "junit": "xml:junit",
    "sarif": "sarif:sarif",
    "github": "workflow:github",
    "gitlab": "documents:gitlab_codeclimate",
    "rdjson": "rdjson:rdjson",
    "markdown": "markdown:markdown",
}


def form(name: str) -> Form:
    """The function of a form that exists."""
    module, _, function = FORMS[name].partition(":")
    return cast("Form", getattr(import_module(f"{_PACKAGE}.{module}"), function))
