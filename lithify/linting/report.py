"""Owns what a run of the linter answers: plain values, one report for each file.

They hold no tree and no source text objects, because they cross processes and outlive the file they are about. It
refuses to say how they are shown: `formats` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from lithify.compiler.lint.context import Edit, Fix, Related
    from lithify.compiler.lint.linter import LintFinding
    from lithify.errors import Span


class Place(NamedTuple):
    """Lines and columns from 1, columns in code points; the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


class PlacedEdit(NamedTuple):
    """Text that takes the place of a part of the file."""

    place: Place
    text: str


class PlacedFix(NamedTuple):
    """A change that ends a finding."""

    title: str
    edits: tuple[PlacedEdit, ...]
    is_safe: bool


class Item(NamedTuple):
    """A finding. `slug` is our name of the rule, `code` the one that is shown, `aliases` all others."""

    file: str
    place: Place
    code: str
    slug: str
    level: str
    message: str
    aliases: tuple[str, ...] = ()
    url: str = ""
    fixes: tuple[PlacedFix, ...] = ()
    related: tuple[tuple[Place, str], ...] = ()
    tags: tuple[str, ...] = ()


class FileReport(NamedTuple):
    """A file with its findings, in file order. `problem`: it could not be read; then there is nothing else.

    `text` is what the places are about, kept where there are findings; `fixed` are the rules whose findings were
    repaired, with how often; `diff` is what would change; `output` is the repaired content of standard input."""

    name: str
    items: tuple[Item, ...] = ()
    text: str = ""
    problem: str = ""
    fixed: tuple[tuple[str, int], ...] = ()
    diff: str = ""
    output: str = ""


def placed(span: Span) -> Place:
    """A span in lines and columns; one that ends behind a line break ends before it."""
    position = span.source.position
    line, column = position(span.start)
    end = span.end
    if end > span.start and span.source.text[end - 1 : end] == "\n":
        end -= 1
    return Place(line, column, *position(max(span.start, end)))


def item(name: str, finding: LintFinding) -> Item:
    """A finding as it is reported."""
    rule = finding.rule
    others = sorted(rule.ids - {rule.slug, rule.name})
    return Item(
        name,
        placed(finding.span),
        rule.name,
        rule.slug,
        finding.level.value,
        finding.message,
        tuple(others),
        rule.url,
        tuple(map(_fix, finding.fixes)),
        tuple(map(_related, finding.related)),
        finding.tags,
    )


def _fix(fix: Fix) -> PlacedFix:
    return PlacedFix(fix.title, tuple(map(_edit, fix.edits)), fix.is_safe)


def _edit(edit: Edit) -> PlacedEdit:
    position = edit.span.source.position
    place = Place(*position(edit.span.start), *position(edit.span.end))
    return PlacedEdit(place, edit.text)


def _related(related: Related) -> tuple[Place, str]:
    return placed(related.span), related.message


def report_from(said: Any, text: str) -> FileReport:
    """A report on a text that was written as JSON, text aside. Raises TypeError or ValueError if it is none."""
    name, items, *_ = said
    made = tuple(_item_from(*one) for one in items)
    return FileReport(str(name), made, text if made else "")


def _item_from(
    file: str,
    place: list[int],
    code: str,
    slug: str,
    level: str,
    message: str,
    aliases: list[str],
    url: str,
    fixes: list[Any],
    related: list[Any],
    tags: list[str],
) -> Item:
    return Item(
        file,
        Place(*place),
        code,
        slug,
        level,
        message,
        tuple(aliases),
        url,
        tuple(
            PlacedFix(title, tuple(PlacedEdit(Place(*at), new) for at, new in edits), is_safe)
            for title, edits, is_safe in fixes
        ),
        tuple((Place(*at), other) for at, other in related),
        tuple(tags),
    )
