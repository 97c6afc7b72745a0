"""Stages and variables in a file: where they are defined, used, and what renaming touches."""

from __future__ import annotations

import pytest

from lithify.compiler.editing.names import CannotRename
from lithify.errors import SourceText
from lithify.grammar.parser import parse

CHAIN = """\
ARG VERSION=1
FROM debian:${VERSION} AS base
ARG VERSION
ENV HOME_DIR=/srv/$VERSION
FROM base AS app
RUN --mount=type=bind,from=base,target=/x ls $HOME_DIR "$HOME_DIR/x" '$HOME_DIR'
COPY --from=BASE /a $HOME_DIR/
COPY --from=0 /a /b
"""


def _lines(looked, found):
    position = looked.document.file.source.position
    return [position(one.place.start) for one in found]


def test_a_stage_is_found_from_each_of_its_uses(look):
    for mark in ("FROM ^base AS app", "from=^base", "--from=^BASE", "--from=^0"):
        looked = look(CHAIN.replace(mark.replace("^", ""), mark))
        (found,) = looked.names.definitions(looked.offset)
        assert _lines(looked, [found]) == [(2, 27)], mark


def test_references_of_a_stage_are_its_name_its_number_and_other_spellings(look):
    looked = look(CHAIN.replace("AS base", "AS ^base"))
    found = looked.names.references(looked.offset)
    assert [looked.shown(one.place) for one in found] == ["base", "base", "base", "BASE", "0"]
    assert len(looked.names.references(looked.offset, with_definitions=False)) == 4


def test_a_variable_goes_from_the_head_into_the_stage_that_takes_it(look):
    looked = look(CHAIN.replace("ARG VERSION=1", "ARG ^VERSION=1"))
    assert _lines(looked, looked.names.references(looked.offset)) == [
        (1, 5), (2, 15), (3, 5), (4, 20)
    ]  # fmt: skip


def test_a_variable_of_a_stage_is_known_in_those_based_on_it_but_not_in_single_quotes(look):
    looked = look(CHAIN.replace("ENV HOME_DIR", "ENV ^HOME_DIR"))
    assert _lines(looked, looked.names.references(looked.offset)) == [
        (4, 5), (6, 47), (6, 58), (7, 22)
    ]  # fmt: skip


def test_equal_names_in_stages_apart_are_two_things(look):
    text = "FROM a\nENV X=1\nRUN echo $X\nFROM b\nENV ^X=2\nRUN echo $X\n"
    looked = look(text)
    assert _lines(looked, looked.names.references(looked.offset)) == [(5, 5), (6, 11)]


def test_arguments_of_a_name_are_one_because_build_arg_sets_them_all(look):
    looked = look("FROM a\nARG ^X=1\nFROM b\nARG X=2\n")
    assert _lines(looked, looked.names.references(looked.offset)) == [(2, 5), (4, 5)]


def test_the_definition_of_a_use_is_the_last_above_it_in_its_stage(look):
    looked = look("FROM a\nENV X=1\nENV X=2\nRUN echo $^X\nENV X=3\n")
    assert _lines(looked, looked.names.definitions(looked.offset)) == [(3, 5)]


@pytest.mark.parametrize(
    "text",
    [
        "FROM a\nARG X\nCOPY <<EOF /x\nvalue $^X\nEOF\n",
        "FROM a\nARG X\nRUN <<EOF\necho $^X\nEOF\n",
        "FROM a\nARG X\nRUN true && \\\n  # between\n  echo ${^X}\n",
        "FROM a\nARG X\nENV Y=\"a ${Z:-$^X}\"\n",
        "FROM a\nARG X\nONBUILD RUN echo $^X\n",
    ],
)  # fmt: skip
def test_a_variable_is_found_wherever_it_is_used(look, text):
    looked = look(text)
    assert _lines(looked, looked.names.definitions(looked.offset)) == [(2, 5)]


@pytest.mark.parametrize("use", ["\\$^X", "'$^X'", "$$^X"[:3] + "^Y"])
def test_what_is_no_use_of_a_variable_is_none(look, use):
    looked = look(f"FROM a\nARG X\nLABEL a={use}\n")
    assert looked.names.at(looked.offset) is None


def test_renaming_a_stage_changes_every_use_but_numbers(look):
    looked = look(CHAIN.replace("AS base", "AS ^base"))
    places = looked.names.rename(looked.offset, "ground")
    text = looked.document.text
    for place in sorted(places, reverse=True):
        text = f"{text[: place.start]}ground{text[place.end :]}"
    assert "base" not in text.lower()
    assert "--from=0" in text
    assert not parse(SourceText("Dockerfile", text)).errors


def test_renaming_a_variable_keeps_what_stands_around_it(look):
    looked = look('FROM a\nENV ^A=1 B="${A:-x}$A"\n')
    text = looked.document.text
    for place in sorted(looked.names.rename(looked.offset, "LONG"), reverse=True):
        text = f"{text[: place.start]}LONG{text[place.end :]}"
    assert text == 'FROM a\nENV LONG=1 B="${LONG:-x}$LONG"\n'


@pytest.mark.parametrize(
    ("marked", "name", "why"),
    [
        ("FROM a AS ^x\nFROM b AS y\n", "y", "already"),
        ("FROM a AS ^x\n", "no name", "no name for a stage"),
        ("FROM a\nARG ^X\nARG Y\n", "Y", "already"),
        ("FROM a\nARG ^X\n", "1X", "no name for a variable"),
        ("FROM a\nARG ^TARGETARCH\n", "ARCH", "set by the builder"),
        ("FROM a\nRUN echo $^PATH\n", "P", "not defined"),
        ("FROM a AS x\nCOPY --from=^0 /a /b\n", "y", "a number is no name"),
        ("^FROM a\n", "y", "no stage and no variable"),
    ],
)
def test_a_rename_that_would_break_something_is_refused(look, marked, name, why):
    looked = look(marked)
    with pytest.raises(CannotRename, match=why):
        looked.names.rename(looked.offset, name)
