"""Outline, folding, hints, lenses and links."""

from __future__ import annotations

from lithify.compiler.editing.document import Place
from lithify.compiler.editing.hints import hints, lenses, links
from lithify.compiler.editing.structure import folds, symbols

FILE = """\
ARG V=1
FROM debian:$V AS build
ARG V
WORKDIR /srv
USER ann
RUN apt-get update && \\
    apt-get install x
COPY <<ONE <<TWO dir/
1
ONE
2
TWO
FROM build
WORKDIR sub
"""


def _tree(found):
    return [(one.name, one.kind, _tree(one.children)) for one in found]


def test_the_outline_holds_stages_instructions_and_commands(look):
    (head, build, last) = _tree(symbols(look(FILE).document))
    assert head == ("V", "variable", [])
    assert build[:2] == ("build", "stage")
    commands = [("apt-get", "command", []), ("apt-get", "command", [])]
    assert ("RUN", "instruction", commands) in build[2]
    files = [("ONE", "file", []), ("TWO", "file", [])]
    assert ("COPY", "instruction", files) in build[2]
    assert last == ("build", "stage", [("WORKDIR", "instruction", [])])


def test_every_part_of_the_outline_lies_inside_the_one_around_it(look):
    def check(one, outer):
        assert outer.start <= one.place.start <= one.name_place.start
        assert one.name_place.end <= one.place.end <= outer.end
        for child in one.children:
            check(child, one.place)

    document = look(FILE).document
    for one in symbols(document):
        check(one, Place(0, len(document.text)))


def test_what_takes_more_than_a_line_can_be_folded(look):
    looked = look("# a\n# b\n\n# alone\n" + FILE)
    found = {(looked.shown(Place(one.start, one.end)), one.kind) for one in folds(looked.document)}
    assert ("# a\n# b", "comment") in found
    assert ("1\nONE", "body") not in found
    texts = [text for text, _ in found]
    assert any(text.startswith("FROM debian") and text.rstrip().endswith("TWO") for text in texts)
    assert "RUN apt-get update && \\\n    apt-get install x" in texts
    assert not [text for text in texts if text.startswith("USER")]


def test_hints_show_what_the_line_does_not(look):
    looked = look(FILE)
    whole = Place(0, len(FILE))
    found = {
        (FILE.count("\n", 0, one.offset) + 1, one.text) for one in hints(looked.document, whole)
    }
    assert found == {
        (2, "= debian:1"),
        (3, "= 1"),
        (8, "= /srv/dir/"),
        (13, "WORKDIR /srv; USER ann"),
        (14, "= /srv/sub"),
    }


def test_hints_of_a_range_are_only_those_in_it(look):
    looked = look(FILE)
    found = hints(looked.document, Place(0, FILE.index("ARG V\nWORKDIR")))
    assert [one.text for one in found] == ["= debian:1"]


def test_a_value_that_is_not_known_is_no_hint(look):
    looked = look("FROM a:$NONE\nWORKDIR $OTHER/x\nARG X\n")
    assert hints(looked.document, Place(0, 99)) == ()


def test_a_lens_tells_what_a_stage_is_for(look):
    looked = look("FROM a AS one\nRUN x\nFROM b AS two\nFROM c\nCOPY --from=one /a /b\n")
    assert [one.text for one in lenses(looked.document, looked.names)] == [
        "stage 1 of 3 · 1 layer · used by 2",
        "stage 2 of 3 · 0 layers · not used by other stages",
        "stage 3 of 3 · 1 layer · built by default",
    ]


def test_images_and_addresses_lead_to_pages(look):
    text = (
        "# syntax=docker/dockerfile:1\nFROM debian:12 AS x\nFROM ann/tool\nFROM quay.io/a/b:1\n"
        "FROM x\nFROM scratch\nFROM registry.example:5000/a\nADD https://example.org/a.tar /x\n"
    )
    looked = look(text)
    assert [(looked.shown(one.place), one.url) for one in links(looked.document)] == [
        ("docker/dockerfile:1", "https://hub.docker.com/r/docker/dockerfile"),
        ("debian:12", "https://hub.docker.com/_/debian"),
        ("ann/tool", "https://hub.docker.com/r/ann/tool"),
        ("quay.io/a/b:1", "https://quay.io/a/b"),
        ("https://example.org/a.tar", "https://example.org/a.tar"),
    ]
