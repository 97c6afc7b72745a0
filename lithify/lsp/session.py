"""Owns the documents that an editor has open, and what is known of each: text, version, analysis.

An analysis is made of a text at most once, when something is asked for; every edit begins anew, so that no answer can
stand on a text that is gone. What stands outside of the text, the files of the context and the settings, is kept for a
while, for looking at it takes longer than reading the file. It refuses the protocol: places are offsets here.
"""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from lithify.compiler.editing.document import Document
from lithify.compiler.editing.names import Names
from lithify.compiler.lint.linter import examine, judge
from lithify.errors import ConfigurationError, SourceText
from lithify.grammar.parser import parse
from lithify.linting.run import extras_of, policy_for, surrounded
from lithify.linting.surroundings import AtHand
from lithify.linting.world import FolderFiles
from lithify.lsp.buffer import TextBuffer
from lithify.lsp.builds import StoreFacts
from lithify.lsp.images import EditorImages
from lithify.lsp.project import Projects

if TYPE_CHECKING:
    from collections.abc import Callable

    from lithify.compiler.editing.facts import BuildFacts
    from lithify.compiler.lint.linter import LintFinding
    from lithify.compiler.lint.policy import Policy
    from lithify.grammar.ast import Dockerfile
    from lithify.linting.run import LintRequest
    from lithify.lsp.project import ServerOptions

#: How long files outside may change without being looked at, unless the editor says that they did.
_SURROUNDING_S = 5.0


class Analysis(NamedTuple):
    """All that is known of one text."""

    buffer: TextBuffer
    document: Document
    names: Names
    findings: tuple[LintFinding, ...]
    policy: Policy


class OpenDocument:
    """One document of the editor; `path` is '' for one that was never saved."""

    def __init__(self, session: Session, path: str, buffer: TextBuffer, version: int) -> None:
        self._session = session
        self.path = path
        self.buffer = buffer
        self.version = version
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
        request = self._session.projects.request(self.path)
        return self._judged(dockerfile, request)[1]

    def _analyse(self) -> Analysis:
        request = self._session.projects.request(self.path)
        dockerfile = parse(SourceText(self.path or "Dockerfile", self.buffer.text))
        document, findings, policy = self._judged(dockerfile, request)
        return Analysis(self.buffer, document, Names(document), findings, policy)

    def _judged(
        self, dockerfile: Dockerfile, request: LintRequest
    ) -> tuple[Document, tuple[LintFinding, ...], Policy]:
        session = self._session
        policy = policy_for(session.projects.shown_path(self.path), request)
        around = surrounded(dockerfile, self.path or "-", request, session.at_hand())
        examined = examine(dockerfile, policy, around)
        try:
            extra = extras_of([examined.context], request)[0]
        except ConfigurationError as error:
            session.tell(error.message)
            extra = []
        return Document(examined.context), judge(examined, policy, extra), policy


class Session:
    """An editor and its documents. `tell` shows it a message."""

    def __init__(self, options: ServerOptions, tell: Callable[[str], None]) -> None:
        self._told: set[str] = set()
        self._tell = tell
        self.projects = Projects(options, self.tell)
        self.facts = StoreFacts(options.store)
        self.encoding = "utf-16"
        self.documents: dict[str, OpenDocument] = {}
        self._images = EditorImages(options.store)
        self._at_hand = AtHand(self._images)
        self._until = 0.0

    def tell(self, message: str) -> None:
        """Show a message, but the same one only once."""
        if message not in self._told:
            self._told.add(message)
            self._tell(message)

    def at_hand(self) -> AtHand:
        """Images and folders, looked at anew after a while."""
        now = time.monotonic()
        if now >= self._until:
            self._images.forget()
            self._at_hand = AtHand(self._images, cache(FolderFiles))
            self._until = now + _SURROUNDING_S
        return self._at_hand

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
