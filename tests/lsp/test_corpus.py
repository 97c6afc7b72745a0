"""Every Dockerfile there is, opened, edited at random, and asked everything at random places."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from lithify.compiler.editing.completion import completions
from lithify.compiler.editing.document import Place
from lithify.compiler.editing.hints import hints, lenses, links
from lithify.compiler.editing.hover import hover
from lithify.compiler.editing.structure import folds, symbols
from lithify.compiler.editing.tokens import tokens
from lithify.lsp.project import ServerOptions
from lithify.lsp.repairs import repairs
from lithify.lsp.session import OpenDocument, Session

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(
    one
    for folder in ("samples", "tests/corpus", "tests/e2e", "tests/lint")
    for one in (ROOT / folder).rglob("*")
    if one.is_file() and "dockerfile" in one.name.lower() and one.stat().st_size < 20_000
)
_EDITS = 6
_PIECES = (
    "\n",
    " ",
    "\\\n",
    "$",
    "${X:-",
    '"',
    "'",
    "<<EOF",
    "FROM a AS b\n",
    "#",
    "é😀",
    "\r\n",
    "",
)


def _session() -> Session:
    return Session(ServerOptions({}), lambda message: None)


def _told(document: OpenDocument) -> list[object]:
    """What an editor is told of the whole text, without the values that know where they came from."""
    analysis = document.analysis
    looked = analysis.document
    whole = Place(0, len(looked.text))
    found = [
        (one.rule.name, one.message, one.span.start, one.span.end) for one in analysis.findings
    ]
    return [
        tokens(looked, None, document.tokens),
        analysis.names.occurrences,
        symbols(looked),
        folds(looked),
        hints(looked, whole),
        lenses(looked, analysis.names),
        links(looked),
        document.formatted(None),
        found,
    ]


def test_there_is_a_corpus():
    assert len(FILES) > 50


@pytest.mark.parametrize("part", range(8))
def test_edited_step_by_step_a_file_is_what_it_is_when_opened_so(part):
    for path in FILES[part::8]:
        source = random.Random(path.name)
        text = path.read_bytes().decode("utf-8", "replace")
        edited = _session().open("edited", "", text, 1)
        for version in range(_EDITS):
            size = len(edited.buffer.text)
            start = source.randrange(size + 1)
            end = min(size, start + source.choice((0, 0, 1, 5)))
            places = edited.buffer.position(start), edited.buffer.position(end)
            piece = source.choice(_PIECES)
            edited.replace(edited.buffer.edited(*places, piece), version)
            tokens(edited.analysis.document, None, edited.tokens)
        fresh = _session().open("fresh", "", edited.buffer.text, 1)
        assert _told(edited) == _told(fresh), path


@pytest.mark.parametrize("part", range(8))
def test_every_question_has_an_answer_at_any_place(part):
    for path in FILES[part::8]:
        source = random.Random(path.name)
        text = path.read_bytes().decode("utf-8", "replace")
        cut = source.randrange(len(text) + 1)
        document = _session().open("it", "", text[:cut] + source.choice(_PIECES) + text[cut:], 1)
        analysis = document.analysis
        for _ in range(10):
            offset = source.randrange(len(document.buffer.text) + 1)
            hover(analysis.document, analysis.names, offset)
            for item in completions(analysis.document, offset):
                assert 0 <= item.start <= offset
            found = analysis.names.references(offset)
            assert all(analysis.names.at(one.place.start) is not None for one in found)
            for repair in repairs(analysis, offset, offset):
                assert repair.changes
