"""Owns the list of rules: their names, and which instructions make it worth loading one.

A literal table, so that knowing all rules costs no import; the module of a rule is loaded when a file holds what it is
about. It refuses texts: a rule's own module says what it finds and why that matters.

Specification: sections 6.1 and 6.4.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext

    Check = Callable[[LintContext], Iterator[Diagnostic]]

_PACKAGE = "lithify.compiler.lint.rules"
_PAGES = "https://docs.docker.com/go/dockerfile/rule/"
_JOINT = r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])"


class Rule(NamedTuple):
    """A rule: `slug` is its own name, `name` that of the reference's check, which is what is shown.

    `marks` are texts in lower case; a file without any of them is none of its business. An experimental rule is off
    unless asked for."""

    slug: str
    name: str
    marks: tuple[str, ...] = ("",)
    is_experimental: bool = False
    has_page: bool = True

    @property
    def ids(self) -> frozenset[str]:
        """Every name by which people may mean it."""
        return frozenset((self.slug, self.name))

    @property
    def url(self) -> str:
        """The page that explains it; '' if there is none."""
        return f"{_PAGES}{re.sub(_JOINT, '-', self.name).lower()}/" if self.has_page else ""

    @property
    def module(self) -> str:
        return f"{_PACKAGE}.{self.slug.replace('-', '_')}"

    @property
    def description(self) -> str:
        """What it demands, in one sentence: the first line of its module."""
        return (import_module(self.module).__doc__ or "").partition("\n")[0]

    @property
    def check(self) -> Check:
        """The function that finds what breaks it."""
        return cast("Check", import_module(self.module).check)


RULES = (
    Rule("stage-name-case", "StageNameCasing", ("as",)),
    Rule("from-as-case", "FromAsCasing", ("as",)),
    Rule("empty-continuation", "NoEmptyContinuation"),
    Rule("keyword-case", "ConsistentInstructionCasing"),
    Rule("stage-name-duplicate", "DuplicateStageName", ("as",)),
    Rule("stage-name-reserved", "ReservedStageName", ("scratch", "context")),
    Rule("json-form", "JSONArgsRecommended", ("cmd", "entrypoint")),
    Rule("maintainer", "MaintainerDeprecated", ("maintainer",)),
    Rule("undefined-arg-in-from", "UndefinedArgInFrom", ("$",)),
    Rule("workdir-relative", "WorkdirRelativePath", ("workdir",)),
    Rule("undefined-var", "UndefinedVar", ("$",)),
    Rule(
        "multiple-instructions",
        "MultipleInstructionsDisallowed",
        ("cmd", "entrypoint", "healthcheck"),
    ),
    Rule("legacy-key-value", "LegacyKeyValueFormat", ("env", "label")),
    Rule("base-platform-mismatch", "InvalidBaseImagePlatform", has_page=False),
    Rule("from-platform-redundant", "RedundantTargetPlatform", ("--platform",)),
    Rule("secret-in-arg-env", "SecretsUsedInArgOrEnv", ("arg", "env")),
    Rule("invalid-default-arg", "InvalidDefaultArgInFrom", ("$",)),
    Rule("from-platform-const", "FromPlatformFlagConstDisallowed", ("--platform",)),
    Rule("copy-ignored", "CopyIgnoredFile", ("copy", "add")),
    Rule("definition-description", "InvalidDefinitionDescription", is_experimental=True),
    Rule("expose-proto-case", "ExposeProtoCasing", ("expose",)),
    Rule("expose-format", "ExposeInvalidFormat", ("expose",)),
)
