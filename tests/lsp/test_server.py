"""The server at work, asked by an editor over pipes: everything that it announces, and what it must not do."""

from __future__ import annotations

import json
import random
import socket
import subprocess
import sys
from contextlib import suppress
from typing import Any

import pytest

from lithify.cli.main import main
from lithify.linting.shellcheck.tool import find_program
from lithify.lsp.buffer import TextBuffer

FILE = """\
ARG V=1
FROM debian:$V AS build
ARG V
# lithify: ignore[sudo]
WORKDIR /srv
RUN apt-get update && \\
    echo "$V"
FROM build as last
COPY --from=build /srv /dst
maintainer ann
"""
#: What is announced -> a request that shows that it is true. Everything announced must be here.
_START = {"line": 0, "character": 0}
_OPTIONS = {"tabSize": 2, "insertSpaces": True}
_WHOLE = {"start": _START, "end": {"line": 99, "character": 0}}


def _ask_rename(editor, uri):
    assert editor.at("prepareRename", uri, 1, 19)["placeholder"] == "build"
    edit = editor.at("rename", uri, 1, 19, newName="made")
    assert len(edit["changes"][uri]) == 3
    return edit


def _ask_tokens(editor, uri):
    full = editor.about("semanticTokens/full", uri)
    part = editor.about("semanticTokens/range", uri, range=_WHOLE)
    assert part["data"] == full["data"]
    same = editor.about("semanticTokens/full/delta", uri, previousResultId=full["resultId"])
    assert same["edits"] == []
    return full["data"]


def _ask_actions(editor, uri):
    found = editor.about("codeAction", uri, range=_WHOLE, context={"diagnostics": []})
    kinds = {one["kind"] for one in found}
    assert kinds == {"quickfix", "source.fixAll.lithify"}
    only = {"diagnostics": [], "only": ["source.fixAll"]}
    assert len(editor.about("codeAction", uri, range=_WHOLE, context=only)) == 1
    return found


def _ask_format(editor, uri):
    return editor.about("formatting", uri, options=_OPTIONS)


def _ask_format_range(editor, uri):
    line = {"start": {"line": 9, "character": 0}, "end": {"line": 9, "character": 3}}
    return editor.about("rangeFormatting", uri, range=line, options=_OPTIONS)


ANNOUNCED = {
    "completionProvider": lambda e, u: e.at("completion", u, 3, 0)["items"],
    "hoverProvider": lambda e, u: e.at("hover", u, 4, 0),
    "definitionProvider": lambda e, u: e.at("definition", u, 8, 13),
    "referencesProvider": lambda e, u: e.at(
        "references", u, 8, 13, context={"includeDeclaration": True}
    ),
    "documentHighlightProvider": lambda e, u: e.at("documentHighlight", u, 8, 13),
    "documentSymbolProvider": lambda e, u: e.about("documentSymbol", u),
    "codeActionProvider": _ask_actions,
    "codeLensProvider": lambda e, u: e.about("codeLens", u),
    "documentLinkProvider": lambda e, u: e.about("documentLink", u),
    "renameProvider": _ask_rename,
    "foldingRangeProvider": lambda e, u: e.about("foldingRange", u),
    "semanticTokensProvider": _ask_tokens,
    "inlayHintProvider": lambda e, u: e.about("inlayHint", u, range=_WHOLE),
    "documentFormattingProvider": _ask_format,
    "documentRangeFormattingProvider": _ask_format_range,
    "diagnosticProvider": lambda e, u: e.about("diagnostic", u)["items"],
}
_NO_QUESTIONS = {"positionEncoding", "textDocumentSync", "workspace"}


def test_everything_that_is_announced_is_answered(editor):
    uri = editor.open(FILE)
    asked = {name for name, value in editor.capabilities.items() if value not in (None, False)}
    assert asked - _NO_QUESTIONS == set(ANNOUNCED)
    for name, ask in ANNOUNCED.items():
        assert ask(editor, uri), name


def test_the_editor_says_goodbye_and_the_server_ends_well(editor):
    editor.open(FILE)
    assert editor.end() == 0


def test_findings_are_those_of_the_command_line(editor, tmp_path, capsys, monkeypatch):
    (tmp_path / "Dockerfile").write_text(FILE)
    (tmp_path / "lithify.toml").write_text('[lint]\nignore = ["maintainer"]\n')
    editor.open(FILE)
    sent = editor.wait_for("textDocument/publishDiagnostics")
    monkeypatch.chdir(tmp_path)
    main(["lint", "--format", "json", "Dockerfile"])
    told = json.loads(capsys.readouterr().out)
    ours = {
        (one["code"], one["range"]["start"]["line"] + 1, one["range"]["start"]["character"] + 1)
        for one in sent["diagnostics"]
    }
    assert ours == {(one["code"], one["line"], one["column"]) for one in told}
    assert ours
    assert not [one for one in sent["diagnostics"] if one["data"]["rule"] == "maintainer"]


SCRIPT = "FROM debian:12\nRUN cd $1 && \\\n  echo $UNSET_NAME\n"


@pytest.mark.skipif(find_program() is None, reason="ShellCheck is not installed")
def test_what_shellcheck_says_follows_when_nobody_types(editor, tmp_path, capsys, monkeypatch):
    (tmp_path / "Dockerfile").write_text(SCRIPT)
    editor.open(SCRIPT)
    found: list[Any] = []
    while not any(one["code"].startswith("SC") for one in found):
        found = editor.wait_for("textDocument/publishDiagnostics")["diagnostics"]
    monkeypatch.chdir(tmp_path)
    main(["lint", "--no-fail", "--format", "json", "Dockerfile"])
    told = json.loads(capsys.readouterr().out)
    assert {(one["code"], one["message"]) for one in found} == {
        (one["code"], one["message"]) for one in told
    }


@pytest.mark.skipif(find_program() is None, reason="ShellCheck is not installed")
def test_an_editor_that_asks_is_told_to_ask_again_when_shellcheck_has_answered(start_editor):
    editor = start_editor()
    asks = {
        "textDocument": {"diagnostic": {}},
        "workspace": {"diagnostics": {"refreshSupport": True}},
    }
    editor.begin(asks)
    uri = editor.open(SCRIPT)
    first = editor.about("diagnostic", uri)["items"]
    editor.wait_for("workspace/diagnostic/refresh")
    second = editor.about("diagnostic", uri)["items"]
    assert not [one for one in first if one["code"].startswith("SC")]
    assert [one for one in second if one["code"].startswith("SC")]


def test_settings_that_change_count_at_once(editor, tmp_path):
    editor.open("FROM debian\nmaintainer x\n")
    before = editor.wait_for("textDocument/publishDiagnostics")["diagnostics"]
    (tmp_path / "lithify.toml").write_text('[lint]\nignore = ["all"]\n')
    change = {"uri": (tmp_path / "lithify.toml").as_uri(), "type": 1}
    editor.notify("workspace/didChangeWatchedFiles", {"changes": [change]})
    assert before
    assert editor.wait_for("textDocument/publishDiagnostics")["diagnostics"] == []


def test_broken_settings_are_told_and_stop_nothing(editor, tmp_path):
    (tmp_path / "lithify.toml").write_text("[lint]\nignor = 1\n")
    editor.open("FROM debian\nmaintainer x\n")
    assert "ignor" in editor.wait_for("window/showMessage")["message"]
    assert editor.wait_for("textDocument/publishDiagnostics")["diagnostics"]


def test_an_editor_that_asks_for_findings_is_not_sent_them_as_well(start_editor):
    editor = start_editor()
    editor.begin({"textDocument": {"diagnostic": {}}})
    uri = editor.open(FILE)
    assert editor.about("diagnostic", uri)["items"]
    editor.edit(uri, 2, {"text": "FROM a\n"})
    editor.about("hover", uri, position=_START)
    assert not [one for one in editor.notes if one["method"].endswith("publishDiagnostics")]


def test_one_broken_line_costs_only_that_instruction(editor):
    uri = editor.open("FROM a AS one\nCOPY\nCOPY --from=\nENV A=1\nRUN echo $A\n")
    assert "`1`" in editor.at("hover", uri, 4, 10)["contents"]["value"]
    labels = [one["label"] for one in editor.at("completion", uri, 2, 12)["items"]]
    assert labels == []
    (stage,) = editor.about("documentSymbol", uri)
    assert [one["name"] for one in stage["children"]] == ["A", "RUN"]


def test_places_are_in_the_units_that_the_editor_prefers(start_editor):
    for encoding, column in [("utf-8", 14), ("utf-16", 12), ("utf-32", 11)]:
        editor = start_editor()
        editor.begin({"general": {"positionEncodings": [encoding]}})
        assert editor.capabilities["positionEncoding"] == encoding
        uri = editor.open("FROM a\nENV X=1\nRUN echo 😀$X\n")
        (found,) = editor.at("definition", uri, 2, column + 2 - 1)
        assert found["range"]["start"] == {"line": 1, "character": 4}


def test_a_repair_is_offered_and_does_what_the_command_line_does(editor, tmp_path):
    (tmp_path / "Dockerfile").write_text(FILE)
    uri = editor.open(FILE)
    only = {"diagnostics": [], "only": ["source.fixAll.lithify"]}
    (action,) = editor.about("codeAction", uri, range=_WHOLE, context=only)
    fixed = _applied(FILE, action["edit"]["changes"][uri])
    assert main(["lint", "--fix", "--no-fail", str(tmp_path / "Dockerfile")]) == 0
    assert fixed == (tmp_path / "Dockerfile").read_text() != FILE


def test_the_comment_that_ignores_a_finding_silences_it(editor):
    text = "FROM debian\n  maintainer x\n"
    uri = editor.open(text)
    at = {"start": {"line": 1, "character": 3}, "end": {"line": 1, "character": 3}}
    found = editor.about("codeAction", uri, range=at, context={"diagnostics": []})
    silencing = [one for one in found if one["title"] == "Ignore maintainer here"]
    fixed = _applied(text, silencing[0]["edit"]["changes"][uri])
    assert fixed == "FROM debian\n  # lithify: ignore[maintainer]\n  maintainer x\n"
    editor.edit(uri, 2, {"text": fixed})
    rules = {one["data"]["rule"] for one in editor.about("diagnostic", uri)["items"]}
    assert "maintainer" not in rules


def test_line_ends_of_the_file_are_kept_by_repairs(editor):
    text = "FROM debian as x\r\nmaintainer y\r\n"
    uri = editor.open(text)
    for action in editor.about("codeAction", uri, range=_WHOLE, context={"diagnostics": []}):
        fixed = _applied(text, action["edit"]["changes"][uri])
        assert fixed.count("\n") == fixed.count("\r\n"), action["title"]


@pytest.mark.parametrize("ending", ["auto", "lf", "crlf"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_formatting_is_that_of_the_command_line(editor, tmp_path, newline, ending):
    text = "from a as b\nRUN x  &&  \\\n y   \n\n\n\nenv a b\n".replace("\n", newline)
    settings = "" if ending == "auto" else f"end_of_line = {ending}\n"
    (tmp_path / ".editorconfig").write_text(f"root = true\n[*]\nindent_size = 3\n{settings}")
    (tmp_path / "Dockerfile").write_bytes(text.encode())
    uri = editor.open(text)
    formatted = _applied(text, _ask_format(editor, uri))
    assert main(["fmt", str(tmp_path / "Dockerfile")]) == 0
    assert formatted.encode() == (tmp_path / "Dockerfile").read_bytes() != text.encode()


def test_formatting_of_a_range_leaves_other_lines_alone(editor):
    text = "from  a\nrun  x\nrun  y\n"
    uri = editor.open(text)
    line = {"start": {"line": 1, "character": 0}, "end": {"line": 2, "character": 0}}
    edits = editor.about("rangeFormatting", uri, range=line, options=_OPTIONS)
    assert _applied(text, edits) == "from  a\nRUN x\nrun  y\n"


def test_a_text_with_mistakes_is_not_formatted(editor):
    uri = editor.open("from  a\nCOPY\n")
    assert _ask_format(editor, uri) is None


def test_a_rename_that_cannot_be_is_refused_with_the_reason(editor):
    uri = editor.open(FILE)
    with pytest.raises(Exception, match="no name for a stage"):
        editor.at("rename", uri, 1, 19, newName="not one")
    with pytest.raises(Exception, match="is not open"):
        editor.at("hover", "file:///nowhere", 0, 0)


def test_a_document_that_is_closed_has_no_findings_any_more(editor):
    uri = editor.open(FILE)
    assert editor.wait_for("textDocument/publishDiagnostics")["diagnostics"]
    editor.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    while editor.wait_for("textDocument/publishDiagnostics")["diagnostics"]:
        """What was on its way before."""
    assert editor.end() == 0


def _applied(text: str, edits: list[dict[str, Any]]) -> str:
    """A text with edits, as an editor applies them."""
    buffer = TextBuffer(text)
    places = [
        (
            buffer.offset(*one["range"]["start"].values()),
            buffer.offset(*one["range"]["end"].values()),
        )
        for one in edits
    ]
    pairs = sorted(zip(places, edits, strict=True), key=lambda pair: pair[0], reverse=True)
    for (start, end), one in pairs:
        text = text[:start] + one["newText"] + text[end:]
    return text


PIECES = (
    "FROM a AS b\n", "RUN echo $A \\\n", "  && ls\n", "COPY --from=b x y\n", "ENV A=1\n", "é😀",
    "RUN <<EOF\n", "EOF\n", '"', "$", "\\", "\r\n", "# lithify: ignore[all]\n", "ARG V=2\n", "<<", " ",
    "MAINTAINER x\n", "\u2028",
)  # fmt: skip
QUESTIONS = (
    "documentSymbol", "foldingRange", "documentLink", "codeLens", "diagnostic",
)  # fmt: skip


def _all_answers(editor, uri):
    found = {name: editor.about(name, uri) for name in QUESTIONS}
    found["tokens"] = editor.about("semanticTokens/full", uri)["data"]
    found["hints"] = editor.about("inlayHint", uri, range=_WHOLE)
    for line in range(3):
        for name in ("hover", "completion", "definition"):
            found[f"{name} {line}"] = editor.at(name, uri, line, 6)
    return json.loads(json.dumps(found).replace(uri, "it"))


@pytest.mark.parametrize("seed", range(3))
def test_after_any_edits_the_server_knows_what_a_fresh_look_would(editor, seed):
    source = random.Random(seed)
    text = "".join(source.choice(PIECES) for _ in range(12))
    uri = editor.open(text, "edited")
    data = editor.about("semanticTokens/full", uri)
    numbers, name = data["data"], data["resultId"]
    for version in range(2, 26):
        buffer = TextBuffer(text)
        one, other = sorted(source.randrange(len(text) + 1) for _ in range(2))
        other = min(other, one + 8)
        start, end = buffer.position(one), buffer.position(other)
        piece = source.choice((*PIECES, ""))
        text = buffer.edited(start, end, piece).text
        places = {"start": start._asdict(), "end": end._asdict()}
        editor.edit(uri, version, {"range": places, "text": piece})
        delta = editor.about("semanticTokens/full/delta", uri, previousResultId=name)
        name = delta["resultId"]
        for edit in delta["edits"]:
            numbers[edit["start"] : edit["start"] + edit["deleteCount"]] = edit["data"]
    fresh = editor.open(text, "fresh")
    assert _all_answers(editor, uri) == _all_answers(editor, fresh)
    assert numbers == editor.about("semanticTokens/full", fresh)["data"]


def _serve_on(port: int) -> list[str]:
    return [sys.executable, "-m", "lithify", "lsp", "--tcp", f"127.0.0.1:{port}"]


def test_a_socket_that_is_taken_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = _serve_on(taken.getsockname()[1])
        found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == 1
    assert found.stderr.startswith("error: --tcp 127.0.0.1:")


def test_an_editor_can_be_served_on_a_socket():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen(_serve_on(port)) as process:
        connection = None
        while connection is None and process.poll() is None:
            with suppress(ConnectionRefusedError):
                connection = socket.create_connection(("127.0.0.1", port), timeout=60)
        assert connection is not None
        params = {"processId": None, "rootUri": None, "capabilities": {}}
        request = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
        data = json.dumps(request).encode()
        with connection, connection.makefile("rb") as answers:
            connection.sendall(f"Content-Length: {len(data)}\r\n\r\n".encode() + data)
            assert answers.readline().startswith(b"Content-Length")
        process.kill()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--tcp", "nowhere"], "not HOST:PORT"),
        (["--tcp", "a:99999"], "not HOST:PORT"),
        (["--tcp", "a:1", "--stdio"], "one of them"),
        (["--http"], "unknown flag"),
    ],
)
def test_wrong_use_is_refused(arguments, why, capsys):
    assert main(["lsp", *arguments]) == 2
    assert why in capsys.readouterr().err


def test_without_the_extra_the_command_says_how_to_get_it(monkeypatch, capsys):
    monkeypatch.setattr("lithify.cli.lsp.find_spec", lambda name: None)
    assert main(["lsp"]) == 1
    assert "pip install 'lithify[lsp]'" in capsys.readouterr().err
