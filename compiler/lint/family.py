"""Owns how stages stand together as written: names, who is based on whom, who takes files from whom.

Rules that must work in files that cannot be planned need this without images and variables. Names are compared as the
language does, in lower case; the hadolint profile compares them as written, as that tool does. It refuses to expand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lithify.compiler.lint.context import about
from lithify.compiler.lint.rule import Profile
from lithify.errors import SourceError
from lithify.grammar.ast import Copy, Run
from lithify.grammar.parser import parse_mount

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext, Section
    from lithify.errors import Span
    from lithify.grammar.ast import Instruction

SCRATCH = "scratch"
#: Profiles in which numbers are no names of stages.
_TEXTUAL = frozenset((Profile.HADOLINT,))


class Source(NamedTuple):
    """What a `from` names, and the flag that says so."""

    name: str
    span: Span
    is_copy: bool


def stage_key(ctx: LintContext, name: str) -> str:
    """The form in which names of stages are equal."""
    return name if ctx.profile is Profile.HADOLINT else name.lower()


def alias_of(ctx: LintContext, section: Section) -> str:
    """The name of a stage in that form; '' if it has none."""
    alias = section.source.alias if section.source is not None else None
    return stage_key(ctx, alias.text) if alias is not None else ""


def bases(ctx: LintContext) -> tuple[int | None, ...]:
    """For each section the number of the earlier one that its FROM names, the nearest if several have the name."""
    known: dict[str, int] = {}
    found: list[int | None] = []
    for index, section in enumerate(ctx.sections):
        text = section.source.image.text if section.source is not None else ""
        found.append(known.get(stage_key(ctx, text)))
        if alias := alias_of(ctx, section):
            known[alias] = index
    return tuple(found)


def sources(instruction: Instruction) -> Iterator[Source]:
    """Every `from` of a COPY or RUN that can be read."""
    if isinstance(instruction, Copy):
        flag = instruction.flag("from")
        if flag is not None and flag.value:
            yield Source(flag.value, flag.span, is_copy=True)
    elif isinstance(instruction, Run):
        for flag in instruction.flags:
            if flag.name == "mount" and flag.value and "from" in flag.value.lower():
                yield from _mounted(flag.value, flag.span)


def _mounted(value: str, span: Span) -> Iterator[Source]:
    try:
        options = parse_mount(value, span)
    except SourceError:
        return
    for key, name in options:
        if key == "from" and name:
            yield Source(name, span, is_copy=False)


def providers(ctx: LintContext) -> tuple[frozenset[int], ...]:
    """For each section the numbers of those it is based on or takes files from, directly."""
    last: dict[str, int] = {}
    for index, section in enumerate(ctx.sections):
        if alias := alias_of(ctx, section):
            last[alias] = index
    found: list[frozenset[int]] = []
    for section, base in zip(ctx.sections, bases(ctx), strict=True):
        used = set() if base is None else {base}
        for source in (one for line in section.instructions for one in sources(line)):
            number = _number(source, len(ctx.sections)) if ctx.profile not in _TEXTUAL else None
            if number is None:
                number = last.get(stage_key(ctx, source.name))
            if number is not None:
                used.add(number)
        found.append(frozenset(used))
    return tuple(found)


def _number(source: Source, count: int) -> int | None:
    """The stage that `COPY --from=0` means."""
    name = source.name
    if not source.is_copy or not (name.isascii() and name.isdigit()) or len(name) > 9:
        return None
    return int(name) if int(name) < count else None


def repeated(ctx: LintContext, kind: type[Instruction]) -> Iterator[Diagnostic]:
    """The second and every later instruction of a kind in each section."""
    for section in ctx.sections:
        for one in [one for one in section.instructions if isinstance(one, kind)][1:]:
            message = f"The stage has more than one {one.name}: only the last one counts"
            yield about(one, message, one.keyword.span)


def unquoted(text: str) -> str:
    """A word without the quotes around it."""
    is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if is_quoted else text
