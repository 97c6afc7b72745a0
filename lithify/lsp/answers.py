"""Owns the answers to questions about a text: an offset goes in, the compiler answers, `convert` translates.

It refuses state, apart from the tokens that an editor was told last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from lithify.compiler.editing.completion import completions
from lithify.compiler.editing.document import Place
from lithify.compiler.editing.hints import hints, lenses, links
from lithify.compiler.editing.hover import hover
from lithify.compiler.editing.names import CannotRename
from lithify.compiler.editing.structure import folds, symbols
from lithify.compiler.editing.tokens import KINDS, MODIFIERS, tokens
from lithify.lsp import convert
from lithify.lsp.deltas import TokenMemory

if TYPE_CHECKING:
    from typing import Any

    from lithify.compiler.editing.names import Occurrence
    from lithify.lsp.session import OpenDocument, Session

    _Identifier = types.TextDocumentIdentifier | types.VersionedTextDocumentIdentifier

_LEGEND = types.SemanticTokensLegend(list(KINDS), list(MODIFIERS))
_TRIGGERS = ("$", "{", "-", "=", ",", "/", "[", " ")


def open_document(session: Session, where: _Identifier) -> OpenDocument:
    """The document that an editor means. Raises JsonRpcInvalidParams for one that is not open."""
    try:
        return session.documents[where.uri]
    except KeyError:
        raise JsonRpcInvalidParams(f"{where.uri} is not open") from None


class Answers:
    """The answers to one editor."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._tokens = TokenMemory()

    def table(self) -> list[tuple[str, Any, Any]]:
        """Every question, the method that answers it, and what is announced besides."""
        return [
            (types.TEXT_DOCUMENT_HOVER, self.hover, None),
            (
                types.TEXT_DOCUMENT_COMPLETION,
                self.completion,
                types.CompletionOptions([*_TRIGGERS]),
            ),
            (types.TEXT_DOCUMENT_DEFINITION, self.definition, None),
            (types.TEXT_DOCUMENT_REFERENCES, self.references, None),
            (types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT, self.highlights, None),
            (types.TEXT_DOCUMENT_PREPARE_RENAME, self.prepare_rename, None),
            (types.TEXT_DOCUMENT_RENAME, self.rename, None),
            (types.TEXT_DOCUMENT_DOCUMENT_SYMBOL, self.symbols, None),
            (types.TEXT_DOCUMENT_FOLDING_RANGE, self.folding, None),
            (types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, self.all_tokens, _LEGEND),
            (types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL_DELTA, self.token_delta, _LEGEND),
            (types.TEXT_DOCUMENT_SEMANTIC_TOKENS_RANGE, self.some_tokens, _LEGEND),
            (types.TEXT_DOCUMENT_DOCUMENT_LINK, self.links, None),
            (types.TEXT_DOCUMENT_INLAY_HINT, self.inlay_hints, None),
            (types.TEXT_DOCUMENT_CODE_LENS, self.lenses, None),
            (types.TEXT_DOCUMENT_FORMATTING, self.format, None),
            (types.TEXT_DOCUMENT_RANGE_FORMATTING, self.format_range, None),
        ]

    def forget(self, uri: str) -> None:
        """A document was closed."""
        self._tokens.forget(uri)

    def _open(self, where: _Identifier) -> OpenDocument:
        return open_document(self._session, where)

    def _offset(self, document: OpenDocument, place: types.Position) -> int:
        return convert.offset(document.buffer, place)

    # -- what is at a place ----------------------------------------------------------------------

    def hover(self, params: types.HoverParams) -> types.Hover | None:
        """What is worth telling about a place."""
        document = self._open(params.text_document)
        analysis = document.analysis
        at = self._offset(document, params.position)
        found = hover(analysis.document, analysis.names, at, document.facts)
        if found is None:
            return None
        text = types.MarkupContent(types.MarkupKind.Markdown, found.text)
        return types.Hover(text, convert.range_of(analysis.buffer, *found.place))

    def completion(self, params: types.CompletionParams) -> types.CompletionList:
        """What can be written at a place."""
        document = self._open(params.text_document)
        analysis = document.analysis
        at = self._offset(document, params.position)
        found = completions(analysis.document, at, document.facts)
        items = [convert.completion_item(analysis.buffer, one, at) for one in found]
        return types.CompletionList(is_incomplete=False, items=items)

    def _locations(
        self, uri: str, document: OpenDocument, found: tuple[Occurrence, ...]
    ) -> list[types.Location]:
        places = (convert.range_of(document.buffer, *one.place) for one in found)
        return [types.Location(uri, place) for place in places]

    def definition(self, params: types.DefinitionParams) -> list[types.Location]:
        """Where a stage or variable is defined."""
        document = self._open(params.text_document)
        found = document.analysis.names.definitions(self._offset(document, params.position))
        return self._locations(params.text_document.uri, document, found)

    def references(self, params: types.ReferenceParams) -> list[types.Location]:
        """Everywhere that a stage or variable is named."""
        document = self._open(params.text_document)
        found = document.analysis.names.references(
            self._offset(document, params.position),
            with_definitions=params.context.include_declaration,
        )
        return self._locations(params.text_document.uri, document, found)

    def highlights(self, params: types.DocumentHighlightParams) -> list[types.DocumentHighlight]:
        """The same, for editors that mark what is under the cursor."""
        document = self._open(params.text_document)
        found = document.analysis.names.references(self._offset(document, params.position))
        kinds = (types.DocumentHighlightKind.Read, types.DocumentHighlightKind.Write)
        return [
            types.DocumentHighlight(
                convert.range_of(document.buffer, *one.place), kinds[one.is_definition]
            )
            for one in found
        ]

    def prepare_rename(self, params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder:
        """The name that would be changed. Refused where there is none."""
        document = self._open(params.text_document)
        try:
            here = document.analysis.names.renameable(self._offset(document, params.position))
        except CannotRename as error:
            raise JsonRpcInvalidParams(error.message) from None
        return types.PrepareRenamePlaceholder(
            convert.range_of(document.buffer, *here.place), here.name
        )

    def rename(self, params: types.RenameParams) -> types.WorkspaceEdit:
        """Give a stage or variable another name everywhere."""
        document = self._open(params.text_document)
        at = self._offset(document, params.position)
        try:
            places = document.analysis.names.rename(at, params.new_name)
        except CannotRename as error:
            raise JsonRpcInvalidParams(error.message) from None
        edits = [
            types.TextEdit(convert.range_of(document.buffer, *one), params.new_name)
            for one in places
        ]
        return types.WorkspaceEdit(changes={params.text_document.uri: edits})

    # -- the whole document ----------------------------------------------------------------------

    def symbols(self, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        """The outline."""
        analysis = self._open(params.text_document).analysis
        return [convert.symbol(analysis.buffer, one) for one in symbols(analysis.document)]

    def folding(self, params: types.FoldingRangeParams) -> list[types.FoldingRange]:
        """What can be folded."""
        analysis = self._open(params.text_document).analysis
        made = (convert.fold(analysis.buffer, one) for one in folds(analysis.document))
        return [one for one in made if one.end_line > one.start_line]

    def _token_data(self, document: OpenDocument) -> list[int]:
        analysis = document.analysis
        return convert.token_data(analysis.buffer, tokens(analysis.document, None, document.tokens))

    def all_tokens(self, params: types.SemanticTokensParams) -> types.SemanticTokens:
        """What every piece of the text is."""
        data = self._token_data(self._open(params.text_document))
        return types.SemanticTokens(data, self._tokens.keep(params.text_document.uri, data))

    def token_delta(
        self, params: types.SemanticTokensDeltaParams
    ) -> types.SemanticTokens | types.SemanticTokensDelta:
        """What has changed of it since an earlier answer; all of it if that is forgotten."""
        uri = params.text_document.uri
        data = self._token_data(self._open(params.text_document))
        delta = self._tokens.delta(uri, params.previous_result_id, data)
        name = self._tokens.keep(uri, data)
        if delta is None:
            return types.SemanticTokens(data, name)
        edits = [types.SemanticTokensEdit(one.start, one.removed, one.data) for one in delta]
        return types.SemanticTokensDelta(edits, name)

    def some_tokens(self, params: types.SemanticTokensRangeParams) -> types.SemanticTokens:
        """What the pieces of a range are."""
        document = self._open(params.text_document)
        within = self._place(document, params.range)
        analysis = document.analysis
        found = tokens(analysis.document, within)
        return types.SemanticTokens(convert.token_data(analysis.buffer, found))

    def _place(self, document: OpenDocument, asked: types.Range) -> Place:
        return Place(self._offset(document, asked.start), self._offset(document, asked.end))

    def links(self, params: types.DocumentLinkParams) -> list[types.DocumentLink]:
        """Pages that the text leads to."""
        analysis = self._open(params.text_document).analysis
        return [
            types.DocumentLink(convert.range_of(analysis.buffer, *one.place), one.url, one.tooltip)
            for one in links(analysis.document)
        ]

    def inlay_hints(self, params: types.InlayHintParams) -> list[types.InlayHint]:
        """What is inherited or expanded."""
        document = self._open(params.text_document)
        analysis = document.analysis
        return [
            types.InlayHint(
                convert.position(analysis.buffer, one.offset),
                one.text,
                tooltip=one.tooltip,
                padding_left=True,
            )
            for one in hints(analysis.document, self._place(document, params.range))
        ]

    def lenses(self, params: types.CodeLensParams) -> list[types.CodeLens]:
        """Remarks above stages; they do nothing when they are clicked."""
        analysis = self._open(params.text_document).analysis
        return [
            types.CodeLens(
                convert.range_of(analysis.buffer, *one.place), types.Command(one.text, "")
            )
            for one in lenses(analysis.document, analysis.names)
        ]

    # -- format ----------------------------------------------------------------------------------

    def format(self, params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
        """The whole text as `lithify fmt` would have it."""
        return self._formatted(params.text_document, None)

    def format_range(
        self, params: types.DocumentRangeFormattingParams
    ) -> list[types.TextEdit] | None:
        """What stands on some lines, as `lithify fmt` would have it."""
        document = self._open(params.text_document)
        within = self._place(document, params.range)
        position = document.analysis.document.file.source.position
        last = max(within.start, within.end - 1)
        return self._formatted(params.text_document, (position(within.start)[0], position(last)[0]))

    def _formatted(
        self, where: _Identifier, lines: tuple[int, int] | None
    ) -> list[types.TextEdit] | None:
        """None for a text with mistakes, of which nothing is formatted."""
        document = self._open(where)
        changes = document.formatted(lines)
        if changes is None:
            return None
        return [convert.text_edit(document.buffer, one) for one in changes]
