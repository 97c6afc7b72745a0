"""Owns what people say about checks: the `# check=` directive, its build argument, comments above an instruction.

It exists to answer one question: does a rule apply here? It refuses to know rules: names are compared, and a name that no
rule has is no mistake, for files are read by other versions and tools too.

Specification: sections 6.2 and 6.3.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from lithify.errors import SourceError
from lithify.grammar.words import quoted

if TYPE_CHECKING:
    from lithify.compiler.lint.rule import Rule
    from lithify.compiler.plan import BuildOptions
    from lithify.errors import Span
    from lithify.grammar.ast import Dockerfile, Instruction

BUILD_ARG = "BUILDKIT_DOCKERFILE_CHECK"
_ALL = "all"
_LOCAL = r"check[ \t]*=[ \t]*((?:skip|experimental)[ \t]*=.*)"
_TRUE = frozenset(("1", "t", "T", "TRUE", "true", "True"))
_FALSE = frozenset(("0", "f", "F", "FALSE", "false", "False"))


class Settings(NamedTuple):
    """Rules by name that are skipped or, being experimental, wanted; `is_error`: findings fail the build."""

    skip: frozenset[str] = frozenset()
    experimental: frozenset[str] = frozenset()
    is_error: bool = False

    def allows(self, rule: Rule) -> bool:
        """Whether a rule applies; an experimental one that is wanted cannot be skipped."""
        names = self.experimental if rule.is_experimental else self.skip
        is_named = _ALL in names or not names.isdisjoint(rule.ids)
        return is_named == rule.is_experimental

    def above(self, instruction: Instruction | None) -> Settings:
        """These settings with what the comments above an instruction add."""
        settings = self
        for comment in instruction.comments if instruction is not None else ():
            if "check" in comment.text and (match := re.match(_LOCAL, comment.text)):
                try:
                    added = parse_settings(match[1].split(" ", 1)[0])
                except SourceError:
                    continue
                settings = Settings(
                    settings.skip | added.skip,
                    settings.experimental | added.experimental,
                    settings.is_error,
                )
        return settings


def file_settings(dockerfile: Dockerfile, options: BuildOptions) -> Settings:
    """The settings of a file: those of the build argument if it is given, else of the directive.

    Raises SourceError."""
    given = dict(options.build_args).get(BUILD_ARG)
    if given is not None:
        return parse_settings(given)
    for directive in dockerfile.directives:
        if directive.name == "check":
            return parse_settings(directive.value.split(" ", 1)[0], directive.span)
    return Settings()


def parse_settings(text: str, span: Span | None = None) -> Settings:
    """Read `skip=A,B;error=true;experimental=C`. Raises SourceError for an unknown key or value."""
    found = Settings()
    for option in filter(None, (one.strip() for one in text.split(";"))):
        key, equals, value = (part.strip() for part in option.partition("="))
        names = frozenset(name.strip() for name in value.split(","))
        if not equals or key not in ("skip", "experimental", "error"):
            wrong = key if equals else option
            hint = "the options are skip=RULE,..., experimental=RULE,... and error=true"
            raise SourceError(f"invalid check option {quoted(wrong)}", span=span, hint=hint)
        if key == "skip":
            found = Settings(names, found.experimental, found.is_error)
        elif key == "experimental":
            found = Settings(found.skip, names, found.is_error)
        elif value in _TRUE or value in _FALSE:
            found = Settings(found.skip, found.experimental, value in _TRUE)
        else:
            message = (
                f"failed to parse check option {quoted(option)}: {quoted(value)} is no boolean"
            )
            raise SourceError(message, span=span, hint="write error=true or error=false")
    return found
