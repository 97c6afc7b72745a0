"""Heredocs: what opens one, where its body ends, what the name is."""

from __future__ import annotations

import pytest

from lithify.errors import SourceText
from lithify.grammar.ast import Dockerfile, Onbuild
from lithify.grammar.heredoc import chomp, find_heredocs, parse_heredoc_word
from lithify.grammar.parser import parse


def read(text: str) -> Dockerfile:
    return parse(SourceText("Dockerfile", "FROM scratch\n" + text))


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("RUN <<EOF", ["EOF"]),
        ("RUN cat<<EOF", []),
        ("RUN <<EOF>out", ["EOF>out"]),
        ("RUN <<EOF|x <<EOF;", ["EOF|x", "EOF;"]),
        ("RUN cat <<<x", []),
        ('RUN "<<EOF"', []),
        ("RUN << EOF", ["EOF"]),
        ("RUN <<  \t EOF", ["EOF"]),
        ("RUN <<- EOF", []),
        ("RUN <<-EOF", ["EOF"]),
        ("RUN echo it's <<EOF", []),
        ("RUN echo $((1<<4))", []),
        ("RUN <<$EOF", ["$EOF"]),
        ("RUN <<'one two'", ["one two"]),
        ("COPY <<A <<B /x", ["A", "B"]),
        ("RUN ${x^^} <<EOF", []),
        ("RUN ${x:-a} <<EOF", ["EOF"]),
        ("RUN <<", []),
    ],
)
def test_a_line_opens_these_heredocs(line: str, names: list[str]) -> None:
    assert [heredoc.name for heredoc in find_heredocs(line)] == names


@pytest.mark.parametrize(
    ("word", "name", "expand"),
    [
        ("<<EOF", "EOF", True),
        (r"<<eo\'f", "eo'f", True),
        ("<<'EOF'", "EOF", False),
        ('<<"EOF"', "EOF", False),
        ('<<EO"F"', "EOF", False),
        (r"<<'e'o\'f", "eo'f", False),
    ],
)
def test_quotes_in_the_word_turn_expansion_off(word: str, name: str, expand: bool) -> None:
    heredoc = parse_heredoc_word(word)
    assert heredoc is not None
    assert (heredoc.name, heredoc.expand) == (name, expand)


def test_a_descriptor_and_a_dash_are_recorded() -> None:
    heredoc = parse_heredoc_word("3<<-EOF")
    assert heredoc is not None
    assert (heredoc.fd, heredoc.chomp) == (3, True)


def test_bodies_follow_in_order_and_only_the_exact_name_ends_one() -> None:
    heredocs = read("COPY <<X <<Y /d\nY\nX \n X\nX\nX\nY\n").instructions[1].heredocs
    assert [heredoc.content for heredoc in heredocs] == ["Y\nX \n X\n", "X\n"]
    assert [heredoc.span.text for heredoc in heredocs] == ["<<X", "<<Y"]
    assert heredocs[0].body_span.text == heredocs[0].content


def test_a_body_is_data_and_keeps_its_carriage_returns() -> None:
    body = "# c\r\n\r\nFROM x\\\r\n"
    dockerfile = read(f"COPY <<EOF /x\r\n{body}EOF\r\nUSER u\r\n")
    assert dockerfile.instructions[1].heredocs[0].content == body
    assert [one.name for one in dockerfile.instructions] == ["FROM", "COPY", "USER"]


def test_with_a_dash_the_terminator_may_be_indented_by_tabs() -> None:
    heredoc = read("RUN <<-E\n\ta\n\t\t b\n\tE").instructions[1].heredocs[0]
    assert heredoc.content == "\ta\n\t\t b\n"
    assert chomp(heredoc.content) == "a\n b\n"


@pytest.mark.parametrize(
    "line", ['RUN ["<<EOF"]', "USER <<EOF", "ENV a=<<EOF", "ONBUILD USER <<EOF"]
)
def test_other_instructions_and_exec_forms_have_no_heredocs(line: str) -> None:
    dockerfile = read(f"{line}\nWORKDIR /\n")
    assert not dockerfile.errors
    assert len(dockerfile.instructions) == 3


def test_onbuild_stores_the_trigger_with_its_bodies() -> None:
    onbuild = read("onBuild  COPY --link <<E \\\n  /x\nbody\nE\nUSER u\n").instructions[1]
    assert isinstance(onbuild, Onbuild)
    assert onbuild.trigger == "COPY --link <<E   /x\nbody\nE"
    assert onbuild.inner_keyword.text == "COPY"
    assert onbuild.inner_flags == ("--link",)
    assert onbuild.inner_words == ("<<E", "/x")


def test_the_escape_directive_does_not_change_how_heredocs_are_found() -> None:
    source = SourceText("Dockerfile", "# escape=`\nFROM x\nRUN a `<<E\nb\n`<<E\nUSER u\n")
    assert parse(source).instructions[1].heredocs == ()


def test_a_name_with_an_open_quote_is_an_error() -> None:
    assert parse_heredoc_word("<<E") is not None
    assert [error.message for error in read("COPY <<EOF /x\nx\n").errors] == [
        "unterminated heredoc"
    ]
