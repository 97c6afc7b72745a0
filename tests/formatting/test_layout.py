"""The visible format of each instruction, and what is left alone."""

from __future__ import annotations

import textwrap
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lithify.errors import SourceErrors, SourceText
from lithify.grammar.format import FormatOptions, format_text, formatted
from lithify.grammar.statement import KEYWORDS

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

LONG = "x" * 60
SAMPLES = {
    "FROM": ["from   --platform=linux/amd64  debian:12   as  base", f"FROM --platform=a r/{LONG}:1 AS {LONG}"],
    "RUN": [
        "run   a  &&  b   ",
        "RUN a && \\\n  # why\n\n      b   \\   \n   && c",
        "RUN \\\n  a && \\\n  b",
        "RUN --mount=type=cache,target=/a  --network=none a",
        "RUN --mount=type=cache,target=/a --mount=type=tmpfs,target=/b a \\\n  && b",
        "RUN --mount=type=cache,target=/a \\\n--network=none a",
        f"RUN --mount=type=cache,target=/{LONG} {LONG}",
        "RUN  --  a  b",
        'RUN [ "a","b  c" ,"d" ]',
        "RUN  <<EOF   sh  \n  body   \n\nEOF\nRUN x",
    ],
    "COPY": [
        "copy  --from=base   --chown=1:2  a   b\t/c/",
        'COPY ["a b","/c"]',
        "COPY a \\\n b \\\n\t/c/",
        "COPY  <<A   <<'B'  /d/\n a\nA\n b\nB",
    ],
    "ADD": ["add   --keep-git-dir=true  https://example.com/x.git#v1   /src"],
    "ENV": [
        "env  A=1   B='x  y'",
        "ENV A=1 B=2 \\\n C=3",
        "ENV \\\n  A=1 \\\n  # two\n\n  B=2",
        f"ENV A={LONG} B={LONG}",
        "ENV A b c",
        "ENV A   b",
        'ENV A "b c"',
        "ENV A it's b c",
        'ENV A b \\\n   c',
    ],
    "LABEL": ["label   a=b  'c d'=e", "LABEL description A text of words"],
    "ARG": ["arg  A   B=1", "ARG A \\\n B=1"],
    "CMD": ["cmd   a  b", 'CMD ["a",\\\n"b"\\\n]', 'CMD [ ]'],
    "ENTRYPOINT": ['entrypoint   ["a"  ,  "b"]', "ENTRYPOINT ['not', 'json']"],
    "SHELL": ['shell ["/bin/bash",   "-c"]'],
    "EXPOSE": ["expose   80    443/tcp", "EXPOSE 80 \\\n81 82"],
    "VOLUME": ['volume ["/a","/b"]', "VOLUME  /a   /b"],
    "WORKDIR": ["workdir   /a  b  "],
    "USER": ["user   a:b"],
    "STOPSIGNAL": ["stopsignal   SIGINT"],
    "HEALTHCHECK": [
        "healthcheck   none",
        "HEALTHCHECK --interval=5s   --timeout=3s cmd  a  b",
        "HEALTHCHECK --interval=5s \\\n --timeout=3s \\\n CMD [\"a\",\"b\"]",
    ],
    "MAINTAINER": ["maintainer   A  <a@example.com>"],
    "ONBUILD": ["onbuild   run  a  b  "],
}  # fmt: skip


def shown(text: str, options: FormatOptions | None = None) -> str:
    return formatted(SourceText("Dockerfile", text), options)


@pytest.mark.parametrize("keyword", KEYWORDS)
def test_the_format_of_each_instruction(keyword: str, snapshot: SnapshotAssertion) -> None:
    parts = []
    for sample in SAMPLES[keyword]:
        new = shown(f"FROM scratch\n{sample}\n").removeprefix("FROM scratch\n")
        parts.append(f"{sample}\n---->\n{new}")
    assert "\n\n".join(parts) == snapshot


def same(text: str) -> None:
    assert shown(text) == text


def test_a_whole_file(snapshot: SnapshotAssertion) -> None:
    text = """\
    #syntax = docker/dockerfile:1
    # A header.
    ARG V=1


    # The build.
    from golang:$V as build
    RUN go build
    # The result.
    from scratch
    copy <<E /e
    x
    E
    COPY --from=build /a /a
    # The end.


    """
    assert shown(textwrap.dedent(text)) == snapshot


def test_blanks_that_a_shell_sees_stay() -> None:
    same("FROM a\nRUN a   &&   b  \\\n        c\\\nd\n")
    same("FROM a\nWORKDIR /a  \\\n  b\n")


def test_lines_that_may_move_stand_as_those_that_may_not() -> None:
    text = "FROM a\nRUN --mount=type=cache,target=/a \\\n--network=none \\\n# c\n x && \\\n  y\n"
    assert shown(text) == (
        "FROM a\nRUN --mount=type=cache,target=/a \\\n  --network=none \\\n  # c\n  x && \\\n  y\n"
    )


def test_a_comment_at_the_top_is_made_no_directive() -> None:
    text = "\n\n# escape=`\nFROM a\nRUN x \\\n  y\n"
    assert shown(text) == "\n# escape=`\nFROM a\nRUN x \\\n  y\n"


def test_directives_are_followed_by_one_blank_line() -> None:
    text = "#   EsCape=`\n# a comment\nFROM a\nRUN x `  \n  y\n"
    assert shown(text) == "# EsCape=`\n\n# a comment\nFROM a\nRUN x `\n  y\n"


@pytest.mark.parametrize(
    "comment",
    ["# lithify: fmt-ignore", "#lithify:fmt-ignore -- aligned", "# dockerfmt-ignore", "# dprint-ignore: x"],
)  # fmt: skip
def test_the_instruction_below_an_ignore_comment_is_left_alone(comment: str) -> None:
    text = f"FROM a\n{comment}\n# more\n   env  A=1    B=2 \\\n C=3  \nrun x\n"
    assert shown(text) == f"FROM a\n{comment}\n# more\n   env  A=1    B=2 \\\n C=3  \nRUN x\n"


@pytest.mark.parametrize("comment", ["# lithify: fmt-ignore-file", "# dprint-ignore-file"])
def test_a_file_with_an_ignore_comment_is_left_alone(comment: str) -> None:
    text = f"from a\n\n\n{comment}\nrun  x  "
    assert shown(text) == text


@pytest.mark.parametrize(
    "comment", ["# fmt-ignore", "# dprint-ignored", "# not lithify: fmt-ignore"]
)
def test_other_comments_ignore_nothing(comment: str) -> None:
    assert shown(f"FROM a\n{comment}\nrun x\n") == f"FROM a\n{comment}\nRUN x\n"


def test_line_endings_are_those_of_most_lines() -> None:
    assert shown("FROM a\r\nRUN x \\\r\n  y\nRUN z") == "FROM a\r\nRUN x \\\r\n  y\r\nRUN z\r\n"
    assert shown("FROM a\r\nRUN x\n") == "FROM a\nRUN x\n"


def test_a_body_with_other_line_endings_keeps_them() -> None:
    text = "FROM a\nCOPY <<E /e\r\nx\r\n  \r\nE\r\n"
    assert shown(text, FormatOptions(line_ending="lf")) == "FROM a\nCOPY <<E /e\nx\r\n  \r\nE\n"


def test_a_byte_order_mark_and_bytes_that_are_no_text_stay() -> None:
    assert shown("\ufeff\n  from a\nRUN \udc80\u00a0 x\n") == "\ufeffFROM a\nRUN \udc80\u00a0 x\n"


def test_options_are_obeyed() -> None:
    options = FormatOptions(indent="\t", line_ending="crlf", width=12, final_newline=False)
    assert shown("FROM a\nENV AA=1 BB=2\n", options) == "FROM a\r\nENV AA=1 \\\r\n\tBB=2"
    assert shown("FROM a\nENV " + "A=1 " * 99, FormatOptions(width=None)).count("\n") == 2


@pytest.mark.parametrize("text", ["", "# only\n", "FROM a\nCPOY b\n", "FROM a\nCOPY <<E /e\n"])
def test_a_text_with_mistakes_is_refused(text: str) -> None:
    with pytest.raises(SourceErrors):
        format_text(SourceText("Dockerfile", text))


def test_edits_are_small() -> None:
    edits = format_text(SourceText("Dockerfile", "FROM a\nRUN  x\ncopy a b\n"))
    assert [tuple(edit) for edit in edits] == [(11, 12, ""), (14, 18, "COPY")]


def test_a_range_leaves_the_rest_alone() -> None:
    source = SourceText("Dockerfile", "from a\nrun x\nrun y\n")
    assert [tuple(edit) for edit in format_text(source, lines=(2, 2))] == [(7, 10, "RUN")]


def test_the_example_of_the_documentation_is_true() -> None:
    document = (Path(__file__).parents[2] / "docs" / "format.md").read_text("utf-8")
    blocks = document.split("```\n")[1::2]
    before, after = next(pair for pair in pairwise(blocks) if pair[0].startswith("#syntax"))
    assert shown(before) == after
