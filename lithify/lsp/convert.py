"""Owns the way from our values to those of the protocol: offsets become positions, kinds become numbers.

It is the border to lsprotocol, together with the server; beyond it nobody knows those types. It refuses decisions.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from lsprotocol import types

from lithify.compiler.editing.tokens import KINDS
from lithify.compiler.lint.rule import Severity
from lithify.lsp.buffer import Position

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lithify.compiler.editing.completion import Item
    from lithify.compiler.editing.structure import Fold, Symbol
    from lithify.compiler.editing.tokens import Token
    from lithify.compiler.lint.linter import LintFinding
    from lithify.lsp.buffer import Change, TextBuffer
    from lithify.lsp.session import Analysis

SOURCE = "lithify"
_LEVELS: Mapping[Severity, types.DiagnosticSeverity] = MappingProxyType({
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.INFO: types.DiagnosticSeverity.Information,
    Severity.STYLE: types.DiagnosticSeverity.Hint,
})  # fmt: skip
_TAGS: Mapping[str, types.DiagnosticTag] = MappingProxyType({
    "unnecessary": types.DiagnosticTag.Unnecessary,
    "deprecated": types.DiagnosticTag.Deprecated,
})  # fmt: skip
_SYMBOLS: Mapping[str, types.SymbolKind] = MappingProxyType({
    "stage": types.SymbolKind.Namespace,
    "variable": types.SymbolKind.Variable,
    "instruction": types.SymbolKind.Method,
    "command": types.SymbolKind.Function,
    "file": types.SymbolKind.File,
})  # fmt: skip
_ITEMS: Mapping[str, types.CompletionItemKind] = MappingProxyType({
    "keyword": types.CompletionItemKind.Keyword,
    "property": types.CompletionItemKind.Property,
    "value": types.CompletionItemKind.EnumMember,
    "variable": types.CompletionItemKind.Variable,
    "stage": types.CompletionItemKind.Module,
    "image": types.CompletionItemKind.Reference,
    "file": types.CompletionItemKind.File,
    "folder": types.CompletionItemKind.Folder,
    "user": types.CompletionItemKind.Constant,
    "rule": types.CompletionItemKind.Value,
})  # fmt: skip
_NUMBERS: Mapping[str, int] = MappingProxyType({kind: at for at, kind in enumerate(KINDS)})


def position(buffer: TextBuffer, offset: int) -> types.Position:
    """An offset as the editor counts."""
    return types.Position(*buffer.position(offset))


def range_of(buffer: TextBuffer, start: int, end: int) -> types.Range:
    """A range of offsets as the editor counts."""
    return types.Range(position(buffer, start), position(buffer, max(start, end)))


def offset(buffer: TextBuffer, place: types.Position) -> int:
    """The offset that an editor means."""
    return buffer.offset(place.line, place.character)


def edited(
    buffer: TextBuffer, changes: Iterable[types.TextDocumentContentChangeEvent]
) -> TextBuffer:
    """A text after the edits of an editor, each of which sees those before it."""
    for change in changes:
        if isinstance(change, types.TextDocumentContentChangePartial):
            start, end = change.range.start, change.range.end
            buffer = buffer.edited(
                Position(start.line, start.character),
                Position(end.line, end.character),
                change.text,
            )
        else:
            buffer = type(buffer)(change.text, buffer.encoding)
    return buffer


def diagnostic(uri: str, buffer: TextBuffer, finding: LintFinding) -> types.Diagnostic:
    """A finding as the editor shows it."""
    rule = finding.rule
    page = types.CodeDescription(href=rule.url) if rule.url else None
    related = [
        types.DiagnosticRelatedInformation(
            types.Location(uri, range_of(buffer, one.span.start, one.span.end)), one.message
        )
        for one in finding.related
    ]
    return types.Diagnostic(
        range=range_of(buffer, finding.span.start, _end(finding)),
        message=finding.message,
        severity=_LEVELS[finding.level],
        code=rule.name,
        code_description=page,
        source=SOURCE,
        tags=[_TAGS[one] for one in finding.tags if one in _TAGS] or None,
        related_information=related or None,
        data={"rule": rule.slug},
    )


def _end(finding: LintFinding) -> int:
    """The end of a finding; one that ends behind a line break ends before it."""
    span = finding.span
    text = span.source.text[span.start : span.end]
    return span.start + len(text.rstrip("\r\n")) if text.strip() else span.end


def diagnostics(uri: str, analysis: Analysis) -> list[types.Diagnostic]:
    """All findings of a document."""
    return [diagnostic(uri, analysis.buffer, one) for one in analysis.findings]


def text_edit(buffer: TextBuffer, change: Change) -> types.TextEdit:
    """A change of the text."""
    named = buffer.namable(change)
    return types.TextEdit(range_of(buffer, named.start, named.end), named.text)


def symbol(buffer: TextBuffer, one: Symbol) -> types.DocumentSymbol:
    """A part of the outline with what is in it."""
    return types.DocumentSymbol(
        name=one.name or "?",
        kind=_SYMBOLS[one.kind],
        range=range_of(buffer, *one.place),
        selection_range=range_of(buffer, *one.name_place),
        detail=one.detail,
        children=[symbol(buffer, child) for child in one.children],
    )


def fold(buffer: TextBuffer, one: Fold) -> types.FoldingRange:
    """What can be folded, by whole lines."""
    kind = types.FoldingRangeKind.Comment if one.kind == "comment" else None
    end = max(one.start, one.end)
    while end > one.start and buffer.text[end - 1] in "\r\n":
        end -= 1
    return types.FoldingRange(buffer.position(one.start).line, buffer.position(end).line, kind=kind)


def completion_item(buffer: TextBuffer, one: Item, until: int) -> types.CompletionItem:
    """Something to write in place of what is typed."""
    return types.CompletionItem(
        label=one.label,
        kind=_ITEMS[one.kind],
        detail=one.detail or None,
        documentation=one.documentation or None,
        text_edit=types.TextEdit(range_of(buffer, one.start, until), one.text),
    )


def token_data(buffer: TextBuffer, found: Iterable[Token]) -> list[int]:
    """Tokens as the protocol packs them: five numbers each, places relative to the one before."""
    data: list[int] = []
    line = character = 0
    for one in found:
        place = buffer.position(one.start)
        same = place.line == line
        data += (
            place.line - line,
            place.character - character if same else place.character,
            buffer.length(one.start, one.end),
            _NUMBERS[one.kind],
            int(one.is_declaration),
        )
        line, character = place
    return data
