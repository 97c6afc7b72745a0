"""Owns what a rule is called and when it is worth loading.

A value without the rule's code, so that knowing all rules costs no import; the module of a rule is loaded when a file
holds what it is about. It refuses texts: a rule's own module says what it finds and why that matters.

Specification: sections 6.1 and 6.4.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext

    Check = Callable[[LintContext], Iterator[Diagnostic]]

_PACKAGE = "lithify.compiler.lint.rules"
_PAGES = "https://docs.docker.com/go/dockerfile/rule/"
_JOINT = r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])"


class Severity(Enum):
    """How much a finding matters, the gravest first; the words are hadolint's."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    STYLE = "style"


class Profile(Enum):
    """A set of rules and verdicts: our own, or exactly those of another tool."""

    DEFAULT = "default"
    HADOLINT = "hadolint"
    BUILDKIT = "buildkit"


BOTH = frozenset((Profile.DEFAULT, Profile.HADOLINT))
DEFAULT_ONLY = frozenset((Profile.DEFAULT,))
HADOLINT_ONLY = frozenset((Profile.HADOLINT,))
CHECKS = frozenset((Profile.DEFAULT, Profile.BUILDKIT))


class Rule(NamedTuple):
    """A rule: `slug` is its own name, `name` the code that is shown.

    The code is that of the reference's check, else hadolint's (`DL...`), else our own (`LF...`); `aliases` are its
    names in other tools. `marks` are texts in lower case; a file without any of them is none of its business. An
    experimental rule, and one that `is_off`, is silent unless asked for."""

    slug: str
    name: str
    marks: tuple[str, ...] = ("",)
    is_experimental: bool = False
    has_page: bool = True
    aliases: tuple[str, ...] = ()
    severity: Severity = Severity.WARNING
    is_off: bool = False
    profiles: frozenset[Profile] = CHECKS

    @property
    def ids(self) -> frozenset[str]:
        """Every name by which people may mean it."""
        return frozenset((self.slug, self.name, *self.aliases))

    @property
    def url(self) -> str:
        """The page that explains it; '' if there is none."""
        if self.name.startswith("SC"):
            return f"https://www.shellcheck.net/wiki/{self.name}"
        return f"{_PAGES}{re.sub(_JOINT, '-', self.name).lower()}/" if self.has_page else ""

    @property
    def module(self) -> str:
        return _module_of(self.slug)

    @property
    def description(self) -> str:
        """What it demands, in one sentence: the first line of its module."""
        return (import_module(self.module).__doc__ or "").partition("\n")[0]

    @property
    def check(self) -> Check:
        """The function that finds what breaks it."""
        return _check_in(self.slug)


def _module_of(slug: str) -> str:
    return f"{_PACKAGE}.{slug.replace('-', '_')}"


@cache
def _check_in(slug: str) -> Check:
    """Asked for by every file that holds a mark of the rule."""
    return cast("Check", import_module(_module_of(slug)).check)
