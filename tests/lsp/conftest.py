"""An editor for tests: speaks the protocol over pipes, knows no library of it, and waits for answers by their numbers."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple, Self

import pytest

from lithify.compiler.editing.document import Document, Place
from lithify.compiler.editing.names import Names
from lithify.compiler.lint.linter import Surrounding, examine
from lithify.compiler.lint.policy import Policy
from lithify.errors import SourceText
from lithify.grammar.parser import parse

_ROOT = Path(__file__).resolve().parents[2]
_PATIENCE_S = 60


class RequestFailed(Exception):
    """The server answered with an error."""


class Editor:
    """One running server; `with Editor(...) as editor`."""

    def __init__(
        self, folder: Path, *, store: Path | None = None, arguments: tuple[str, ...] = ()
    ) -> None:
        self.folder = folder
        environment = {
            **os.environ,
            "PYTHONPATH": str(_ROOT),
            "LITHIFY_HOME": str(store or folder / "no-store"),
            "HOME": str(folder / "no-home"),
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lithify", "lsp", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=folder,
        )
        self.messages: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.notes: list[dict[str, Any]] = []
        self.capabilities: dict[str, Any] = {}
        self._count = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def _listen(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while line := stream.readline():
            length = 0
            while line.strip():
                name, _, value = line.decode("ascii").partition(":")
                if name.lower() == "content-length":
                    length = int(value)
                line = stream.readline()
            self.messages.put(json.loads(stream.read(length)))
        self.messages.put(None)

    def _send(self, message: dict[str, Any]) -> None:
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        stream = self.process.stdin
        assert stream is not None
        stream.write(f"Content-Length: {len(data)}\r\n\r\n".encode() + data)
        stream.flush()

    def notify(self, method: str, params: object) -> None:
        self._send({"method": method, "params": params})

    def ask(self, method: str, params: object) -> Any:
        """The result of a request; what the server sends in between is kept in `notes`."""
        self._count += 1
        self._send({"id": self._count, "method": method, "params": params})
        while True:
            message = self._next()
            if message.get("id") == self._count and "method" not in message:
                if "error" in message:
                    raise RequestFailed(message["error"]["message"])
                return message["result"]
            self._take(message)

    def _next(self) -> dict[str, Any]:
        message = self.messages.get(timeout=_PATIENCE_S)
        assert message is not None, "the server went away"
        return message

    def _take(self, message: dict[str, Any]) -> None:
        if "id" in message:
            self._send({"id": message["id"], "result": None})
        self.notes.append(message)

    def wait_for(self, method: str) -> Any:
        """The parameters of the next notification, or request, of the server by a name."""
        while True:
            for at, one in enumerate(self.notes):
                if one["method"] == method:
                    return self.notes.pop(at).get("params")
            self._take(self._next())

    def begin(self, capabilities: dict[str, Any] | None = None) -> dict[str, Any]:
        """Shake hands; returns what the server announces."""
        uri = self.folder.as_uri()
        answer = self.ask(
            "initialize",
            {
                "processId": None,
                "rootUri": uri,
                "capabilities": capabilities or {},
                "workspaceFolders": [{"uri": uri, "name": "it"}],
            },
        )
        self.capabilities = answer["capabilities"]
        self.notify("initialized", {})
        return self.capabilities

    def open(self, text: str, name: str = "Dockerfile") -> str:
        """Open a document that need not be on disk; returns its name for the protocol."""
        uri = (self.folder / name).as_uri()
        document = {"uri": uri, "languageId": "dockerfile", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})
        return uri

    def edit(self, uri: str, version: int, *changes: dict[str, Any]) -> None:
        document = {"uri": uri, "version": version}
        params = {"textDocument": document, "contentChanges": list(changes)}
        self.notify("textDocument/didChange", params)

    def at(self, method: str, uri: str, line: int, character: int, **more: object) -> Any:
        """Ask about a place."""
        place = {"line": line, "character": character}
        params = {"textDocument": {"uri": uri}, "position": place, **more}
        return self.ask(f"textDocument/{method}", params)

    def about(self, method: str, uri: str, **more: object) -> Any:
        """Ask about a document."""
        return self.ask(f"textDocument/{method}", {"textDocument": {"uri": uri}, **more})

    def end(self) -> int:
        """Say goodbye; returns the exit status."""
        self.ask("shutdown", None)
        self.notify("exit", None)
        return self.process.wait(timeout=_PATIENCE_S)


class Looked(NamedTuple):
    """A text that was looked at, and the place of the mark `^` in it (the mark itself is gone)."""

    document: Document
    names: Names
    offset: int

    def shown(self, place: Place) -> str:
        """What stands at a place."""
        return self.document.text[place.start : place.end]


def look_at(marked: str, surrounding: Surrounding | None = None) -> Looked:
    """Look at a text with a mark `^` for the cursor, if it has one."""
    offset = marked.find("^")
    text = marked.replace("^", "", 1)
    examined = examine(
        parse(SourceText("Dockerfile", text)), Policy(), surrounding or Surrounding()
    )
    document = Document(examined.context)
    return Looked(document, Names(document), offset)


@pytest.fixture
def look() -> Callable[..., Looked]:
    return look_at


@pytest.fixture
def start_editor(tmp_path: Path) -> Iterator[Callable[..., Editor]]:
    """Starts an editor in a folder; all are stopped at the end."""
    with ExitStack() as running:

        def start(**options: Any) -> Editor:
            return running.enter_context(Editor(tmp_path, **options))

        yield start


@pytest.fixture
def editor(start_editor: Callable[..., Editor]) -> Editor:
    """An editor that can do everything and has shaken hands."""
    made = start_editor()
    made.begin({"textDocument": {"rename": {"prepareSupport": True}}})
    return made
