"""Owns the language server: every question of the protocol that is answered, and nothing that is not.

What is announced is what is registered here; pygls derives one from the other. Here is what begins, changes and ends
documents, and what is said of findings; questions about a text are `answers`. Editors that ask for diagnostics get them when they ask; others are sent them
a moment after an edit, so that fast typing is not answered key by key. It refuses to execute anything.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls import uris
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol
from pygls.protocol.language_server import lsp_method

import lithify
from lithify.errors import LithifyError
from lithify.lsp import convert
from lithify.lsp.answers import Answers, open_document
from lithify.lsp.project import WATCHED
from lithify.lsp.repairs import repair_all, repairs
from lithify.lsp.session import Session

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from typing import Any

    from lithify.lsp.project import ServerOptions

#: How long an editor may be busy before diagnostics are sent.
_PAUSE_S = 0.02
#: How long nobody may have typed before ShellCheck is asked about what is new.
_REST_S = 0.3
_FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.lithify"


class _Protocol(LanguageServerProtocol):
    """The protocol without what we do not do, or do ourselves: commands are announced even if there are none."""

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(
        self, params: types.InitializeParams
    ) -> Generator[Any, Any, types.InitializeResult]:
        result = yield from super().lsp_initialize(params)
        result.capabilities.execute_command_provider = None
        return result

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(
        self, params: types.DidChangeTextDocumentParams
    ) -> Generator[Any, Any, None]:
        # pygls would apply the edits to a text of its own, which ends lines elsewhere, and move places meanwhile.
        handler = self.fm.features[types.TEXT_DOCUMENT_DID_CHANGE]
        yield handler, (params,), None


def make_server(options: ServerOptions) -> LanguageServer:
    """A server that answers all questions, not yet connected."""
    server = LanguageServer("lithify", lithify.__version__, protocol_cls=_Protocol)
    _Desk(server, options).register()
    return server


class _Desk:
    """One editor: what it opens and edits, and what it is told of findings."""

    def __init__(self, server: LanguageServer, options: ServerOptions) -> None:
        self._server = server
        self._session = Session(options, self._tell)
        self._answers = Answers(self._session)
        self._waiting: dict[str, asyncio.TimerHandle] = {}
        self._resting: asyncio.TimerHandle | None = None
        self._asking: asyncio.Task[None] | None = None

    def register(self) -> None:
        """Bind every answer to its question."""
        for name, answer, options in (*self._table(), *self._answers.table()):
            # pygls marks what it is given, and a method cannot be marked.
            self._server.feature(name, options)(partial(answer))

    def _table(self) -> list[tuple[str, Any, Any]]:
        actions = types.CodeActionOptions([types.CodeActionKind.QuickFix, _FIX_ALL])
        pulls = types.DiagnosticOptions(
            inter_file_dependencies=False, workspace_diagnostics=False, identifier=convert.SOURCE
        )
        return [
            (types.INITIALIZED, self.initialized, None),
            (types.TEXT_DOCUMENT_DID_OPEN, self.did_open, None),
            (types.TEXT_DOCUMENT_DID_CHANGE, self.did_change, None),
            (types.TEXT_DOCUMENT_DID_SAVE, self.did_save, None),
            (types.TEXT_DOCUMENT_DID_CLOSE, self.did_close, None),
            (types.WORKSPACE_DID_CHANGE_WATCHED_FILES, self.files_changed, None),
            (types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS, self.folders_changed, None),
            (types.TEXT_DOCUMENT_DIAGNOSTIC, self.pull, pulls),
            (types.TEXT_DOCUMENT_CODE_ACTION, self.code_actions, actions),
        ]

    def _tell(self, message: str) -> None:
        self._server.window_show_message(
            types.ShowMessageParams(types.MessageType.Warning, f"lithify: {message}")
        )

    # -- life ------------------------------------------------------------------------------------

    def initialized(self, params: types.InitializedParams) -> None:
        """The editor is ready: its folders and its way to count are known."""
        encoding = self._server.server_capabilities.position_encoding
        self._session.encoding = str(getattr(encoding, "value", encoding) or "utf-16")
        self._take_folders()
        watching = self._server.client_capabilities.workspace
        files = watching.did_change_watched_files if watching is not None else None
        if files is not None and files.dynamic_registration:
            patterns = [types.FileSystemWatcher(glob_pattern=one) for one in WATCHED]
            watched = types.DidChangeWatchedFilesRegistrationOptions(patterns)
            name = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
            registration = types.Registration("lithify-files", name, watched)
            self._server.client_register_capability(types.RegistrationParams([registration]))

    def _take_folders(self) -> None:
        workspace = self._server.workspace
        found = [uris.to_fs_path(one) for one in workspace.folders]
        found += [workspace.root_path] if workspace.root_path else []
        self._session.projects.open_folders(tuple(one for one in found if one))

    def did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        """A document was opened."""
        one = params.text_document
        path = (uris.to_fs_path(one.uri) or "") if one.uri.startswith("file:") else ""
        self._session.open(one.uri, path, one.text, one.version)
        self._publish_soon(one.uri, 0)

    def did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        """A document was edited."""
        document = open_document(self._session, params.text_document)
        buffer = convert.edited(document.buffer, params.content_changes)
        document.replace(buffer, params.text_document.version)
        self._publish_soon(params.text_document.uri, _PAUSE_S)

    def did_save(self, params: types.DidSaveTextDocumentParams) -> None:
        """A document was saved: what lies beside it may be other than before."""
        self._session.outside_changed(settings=False)
        self._publish_all()

    def did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        """A document was closed."""
        uri = params.text_document.uri
        self._session.close(uri)
        self._answers.forget(uri)
        if (waiting := self._waiting.pop(uri, None)) is not None:
            waiting.cancel()
        if not self._is_asked:
            self._server.text_document_publish_diagnostics(
                types.PublishDiagnosticsParams(uri=uri, diagnostics=[])
            )

    def files_changed(self, params: types.DidChangeWatchedFilesParams) -> None:
        """Settings or lists of ignored files have changed."""
        self._session.outside_changed()
        self._tell_of_news()

    def folders_changed(self, params: types.DidChangeWorkspaceFoldersParams) -> None:
        """Other folders are open now."""
        self._take_folders()
        self._session.outside_changed()
        self._tell_of_news()

    # -- diagnostics -----------------------------------------------------------------------------

    @property
    def _is_asked(self) -> bool:
        """Whether the editor asks for diagnostics by itself."""
        wanted = self._server.client_capabilities.text_document
        return wanted is not None and wanted.diagnostic is not None

    def _publish_all(self) -> None:
        for uri in self._session.documents:
            self._publish_soon(uri, _PAUSE_S)

    def _publish_soon(self, uri: str, pause_s: float) -> None:
        if self._is_asked:
            return
        if (waiting := self._waiting.pop(uri, None)) is not None:
            waiting.cancel()
        loop = asyncio.get_running_loop()
        self._waiting[uri] = loop.call_later(pause_s, self._publish, uri)

    def _publish(self, uri: str) -> None:
        self._waiting.pop(uri, None)
        document = self._session.documents.get(uri)
        if document is not None:
            found = convert.diagnostics(uri, document.analysis)
            self._server.text_document_publish_diagnostics(
                types.PublishDiagnosticsParams(uri, found, document.version)
            )
            self._ask_shellcheck_soon()

    def _ask_shellcheck_soon(self) -> None:
        """Ask ShellCheck about new scripts when nobody has typed for a while."""
        if self._resting is not None:
            self._resting.cancel()
        self._resting = asyncio.get_running_loop().call_later(_REST_S, self._ask_shellcheck)

    def _ask_shellcheck(self) -> None:
        self._resting = None
        if self._asking is not None and not self._asking.done():
            self._ask_shellcheck_soon()
            return
        self._asking = asyncio.create_task(self._hear_shellcheck())

    async def _hear_shellcheck(self) -> None:
        """Run it beside the work; if it has something to say, findings are told again."""
        has_news = False
        for one in self._session.projects.shellchecks:
            scripts = one.take_waiting()
            if not scripts:
                continue
            try:
                has_news |= one.learn(await asyncio.to_thread(one.ask, scripts))
            except LithifyError as error:
                self._session.tell(error.message)
                one.learn(dict.fromkeys(scripts, ()))
        if has_news:
            for document in self._session.documents.values():
                document.forget()
            self._tell_of_news()

    def _tell_of_news(self) -> None:
        """Findings are other than before though no text has changed."""
        self._publish_all()
        wanted = self._server.client_capabilities.workspace
        refreshing = wanted.diagnostics if wanted is not None else None
        if self._is_asked and refreshing is not None and refreshing.refresh_support:
            self._server.workspace_diagnostic_refresh(None)

    def pull(self, params: types.DocumentDiagnosticParams) -> types.DocumentDiagnosticReport:
        """The diagnostics of a document."""
        document = open_document(self._session, params.text_document)
        found = convert.diagnostics(params.text_document.uri, document.analysis)
        self._ask_shellcheck_soon()
        return types.RelatedFullDocumentDiagnosticReport(items=found)

    def code_actions(self, params: types.CodeActionParams) -> list[types.CodeAction]:
        """Repairs of what is wrong in a range, and of everything."""
        document = open_document(self._session, params.text_document)
        uri, analysis = params.text_document.uri, document.analysis
        found: list[types.CodeAction] = []
        if _is_wanted(params.context.only, types.CodeActionKind.QuickFix.value):
            start = convert.offset(document.buffer, params.range.start)
            end = convert.offset(document.buffer, params.range.end)
            for one in repairs(analysis, start, end):
                edits = [convert.text_edit(analysis.buffer, change) for change in one.changes]
                about = one.finding and [convert.diagnostic(uri, analysis.buffer, one.finding)]
                found.append(
                    types.CodeAction(
                        one.title,
                        types.CodeActionKind.QuickFix,
                        diagnostics=about,
                        is_preferred=one.is_preferred or None,
                        edit=types.WorkspaceEdit(changes={uri: edits}),
                    )
                )
        if _is_wanted(params.context.only, _FIX_ALL):
            change = repair_all(document)
            if change is not None:
                edit = types.WorkspaceEdit(
                    changes={uri: [convert.text_edit(analysis.buffer, change)]}
                )
                found.append(types.CodeAction("Repair everything safely", _FIX_ALL, edit=edit))
        return found


def _is_wanted(only: Sequence[types.CodeActionKind | str] | None, kind: str) -> bool:
    """Whether an editor that asks for some kinds of actions means this one."""
    if not only:
        return True
    names = (str(getattr(one, "value", one)) for one in only)
    return any(kind == name or kind.startswith(f"{name}.") for name in names)
