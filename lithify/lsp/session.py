"""Owns the documents that an editor has open, and what is known of each: text, version, analysis.

An analysis is made of a text at most once, when something is asked for; every edit begins anew, so that no answer can
stand on a text that is gone. What stands outside of the text, the files of the context and the settings, is kept for a
while, for looking at it takes longer than reading the file. It refuses the protocol: places are offsets here.
"""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING

from lithify.compiler.editing.document import Document
from lithify.compiler.editing.names import Names
from lithify.compiler.editing.tokens import KnownTokens
from lithify.compiler.lint.linter import examine, judge
from lithify.errors import ConfigurationError, SourceErrors, SourceText
from lithify.formatting import Choices, options_at
from lithify.grammar.format import FormatOptions, format_text
from lithify.grammar.parser import parse
from lithify.linting.run import extras_of, policy_for, surrounded
from lithify.linting.sight import Sight
from lithify.lsp.buffer import Change, TextBuffer
from lithify.lsp.builds import StoreFacts
from lithify.lsp.images import EditorImages
from lithify.lsp.project import Projects

if TYPE_CHECKING:
    from collections.abc import Callable

    from lithify.compiler.editing.facts import BuildFacts
    from lithify.compiler.lint.linter import Examined, LintFinding
    from lithify.grammar.ast import Dockerfile
    from lithify.linting.run import LintRequest
    from lithify.lsp.project import ServerOptions

    _Judge = Callable[[Examined, LintRequest], tuple[LintFinding, ...]]

#: How long files outside may change without being looked at, unless the editor says that they did.
_SURROUNDING_S = 5.0


class Analysis:
    """All that is known of one text; findings are looked for when they are asked for, which takes longest."""

    def __init__(
        self, buffer: TextBuffer, examined: Examined, request: LintRequest, judged: _Judge
    ) -> None:
        self.buffer = buffer
        self.document = Document(examined.context)
        self.names = Names(self.document)
        self.policy = request.policy
        self._examined = examined
        self._request = request
        self._judged = judged

    @cached_property
    def findings(self) -> tuple[LintFinding, ...]:
        """What the linter says, in file order."""
        return self._judged(self._examined, self._request)


class OpenDocument:
    """One document of the editor; `path` is '' for one that was never saved."""

    def __init__(self, session: Session, path: str, buffer: TextBuffer, version: int) -> None:
        self._session = session
        self.path = path
        self.buffer = buffer
        self.version = version
        self.tokens = KnownTokens()
        self._analysis: Analysis | None = None

    def replace(self, buffer: TextBuffer, version: int) -> None:
        """The text is another one now."""
        self.buffer = buffer
        self.version = version
        self._analysis = None

    def forget(self) -> None:
        """Something outside of the text has changed."""
        self._analysis = None

    @property
    def analysis(self) -> Analysis:
        """What is known of the text as it is now."""
        if self._analysis is None:
            self._analysis = self._analyse()
        return self._analysis

    @property
    def facts(self) -> BuildFacts:
        """What the store knows of builds of this file."""
        return self._session.facts.of(self.path)

    def findings_of(self, dockerfile: Dockerfile) -> tuple[LintFinding, ...]:
        """What the linter says of another text of the same file: what repairs are judged by."""
        return self._session.judged(*self._examined(dockerfile))

    def formatted(self, lines: tuple[int, int] | None) -> tuple[Change, ...] | None:
        """What formatting changes, on some lines (from 1) or everywhere; None for a text with mistakes."""
        options = FormatOptions()
        try:
            options = options_at(self.path, Choices()) if self.path else options
        except ConfigurationError as error:
            self._session.tell(error.message)
        source = SourceText(self.path or "Dockerfile", self.buffer.text)
        try:
            return tuple(Change(*one) for one in format_text(source, options, lines=lines))
        except SourceErrors:
            return None

    def _analyse(self) -> Analysis:
        dockerfile = parse(SourceText(self.path or "Dockerfile", self.buffer.text))
        return Analysis(self.buffer, *self._examined(dockerfile), self._session.judged)

    def _examined(self, dockerfile: Dockerfile) -> tuple[Examined, LintRequest]:
        projects = self._session.projects
        request = projects.request(self.path)
        policy = policy_for(projects.shown_path(self.path), request)
        sight = self._session.sight()
        around = surrounded(dockerfile, self.path or "-", request, sight, self._session.images)
        return examine(dockerfile, policy, around), request._replace(policy=policy)


class Session:
    """An editor and its documents. `tell` shows it a message."""

    def __init__(self, options: ServerOptions, tell: Callable[[str], None]) -> None:
        self._told: set[str] = set()
        self._tell = tell
        self.projects = Projects(options, self.tell)
        self.encoding = "utf-16"
        self.documents: dict[str, OpenDocument] = {}
        self.images = EditorImages(options.store)
        self.facts = StoreFacts(options.store, self.images.at_hand)
        self._sight = Sight()
        self._until = 0.0

    def tell(self, message: str) -> None:
        """Show a message, but the same one only once."""
        if message not in self._told:
            self._told.add(message)
            self._tell(message)

    def sight(self) -> Sight:
        """A view of what surrounds a document; files and images are looked at anew after a while."""
        now = time.monotonic()
        if now >= self._until:
            self.images.forget()
            self._sight = Sight()
            self._until = now + _SURROUNDING_S
        return Sight(self._sight)

    def judged(self, examined: Examined, request: LintRequest) -> tuple[LintFinding, ...]:
        """What the rules say of a file, and those that a project brings."""
        try:
            extra = extras_of([examined.context], request)[0]
        except ConfigurationError as error:
            self.tell(error.message)
            extra = []
        return judge(examined, request.policy, extra)

    def open(self, uri: str, path: str, text: str, version: int) -> OpenDocument:
        """A document was opened."""
        buffer = TextBuffer(text, self.encoding)
        self.documents[uri] = OpenDocument(self, path, buffer, version)
        return self.documents[uri]

    def close(self, uri: str) -> None:
        """A document was closed; idempotent."""
        self.documents.pop(uri, None)

    def outside_changed(self, *, settings: bool = True) -> None:
        """Files besides the open ones have changed."""
        if settings:
            self.projects.forget()
            self._told.clear()
        self._until = 0.0
        for document in self.documents.values():
            document.forget()
