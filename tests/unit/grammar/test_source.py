"""Lines: continuations, comments, line ends, and the way back to the source."""

from __future__ import annotations

import pytest

from lithify.errors import SourceText
from lithify.grammar.ast import Dockerfile, Env, Run, ShellForm
from lithify.grammar.parser import parse
from lithify.grammar.source import LineReader


def read(text: str) -> Dockerfile:
    return parse(SourceText("Dockerfile", text))


def run_text(text: str) -> str:
    run = read("FROM scratch\n" + text).instructions[1]
    assert isinstance(run, Run) and isinstance(run.command, ShellForm)
    return run.command.text


@pytest.mark.parametrize(
    ("text", "command", "warnings"),
    [
        (
            "RUN echo hello\\\n  world\\\n  goodnight  \\\n  moon\\\n  light\\\nning",
            "echo hello  world  goodnight    moon  lightning",
            0,
        ),
        ("RUN echo hello \\\ngoodbye\\\nfrog", "echo hello goodbyefrog", 0),
        (
            "RUN echo hi \\\n \\\n world \\\n\\\n good\\\n\\\nnight",
            "echo hi   world  goodnight",
            0,
        ),
        ("RUN echo good\\\nbye\\\nfrog", "echo goodbyefrog", 0),
        (
            "RUN echo hello \\\n# comment\n\n# comment\n\nthis is more",
            "echo hello this is more",
            1,
        ),
        ("RUN foo \\\n\nbar \\\n\nbaz", "foo bar baz", 1),
        ("RUN something \\", "something", 0),
        ("RUN one \\  \t\n two", "one  two", 0),
        ("RU\\\nN x", "x", 0),
        ("RUN a\\\r\n b\r\n", "a b", 0),
        ("RUN a \\\n  # not \\\nb", "a b", 0),
    ],
)
def test_continued_lines_join(text: str, command: str, warnings: int) -> None:
    assert run_text(text) == command
    assert len(read("FROM scratch\n" + text).empty_continuations) == warnings


def test_a_doubled_escape_does_not_continue() -> None:
    dockerfile = read("FROM scratch\nENV C trailing\\\\backslash\\\\\nENV D x")
    assert [instruction.rest for instruction in dockerfile.instructions[1:]] == [
        "C trailing\\\\backslash\\\\",
        "D x",
    ]


def test_a_word_across_a_continuation_has_the_span_of_all_its_lines() -> None:
    run = read("FROM scratch\nRUN wh\\\nat").instructions[1]
    assert isinstance(run, Run)
    assert run.command.span.text == "wh\\\nat"
    assert (run.span.line, run.span.last_line) == (2, 3)


def test_a_logical_character_maps_back_over_skipped_comments() -> None:
    source = SourceText("Dockerfile", "  ENV a=b \\\n# c\n   d=e\n")
    line = LineReader(source).next_line()
    assert line is not None
    assert line.text == "ENV a=b    d=e"
    at = line.text.index("d=e")
    assert line.span(at, at + 3).text == "d=e"
    assert line.span(0, 3).text == "ENV"


def test_an_empty_word_stands_behind_the_character_before_it() -> None:
    env = read("FROM scratch\nENV A=\\\n B=c\n").instructions[1]
    assert isinstance(env, Env)
    assert (env.pairs[0].value.span.line, env.pairs[0].value.span.column) == (2, 7)


def test_a_byte_order_mark_is_removed_before_anything_else() -> None:
    dockerfile = read("\ufeff# escape=`\nFROM scratch\nLABEL a=1 `\n b=2\n")
    assert dockerfile.escape == "`"
    assert not dockerfile.errors


def test_trailing_blank_continuation_lines_belong_to_the_instruction() -> None:
    run = read("FROM scratch\nRUN x \\\n\n\n").instructions[1]
    assert (run.span.line, run.span.last_line) == (2, 4)


@pytest.mark.parametrize(("size", "is_wrong"), [(65535, False), (65536, True)])
def test_a_physical_line_has_at_most_65535_bytes(size: int, is_wrong: bool) -> None:
    line = "ENV a=" + "é" * ((size - 6) // 2)
    line += "x" * (size - len(line.encode()))
    errors = read(f"FROM scratch\n{line}\nCPOY\n").errors
    expected = "dockerfile line greater than max allowed size of 65535"
    assert errors[0].message.startswith(expected) is is_wrong
    assert len(errors) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the Dockerfile cannot be empty"),
        ("\n # x\n", "file with no instructions"),
        ("\ufeff", "file with no instructions"),
        ("ARG A=1\n", "dockerfile contains no stages to build"),
        ("RUN x\nENV a=b\nFROM y\n", "no build stage in current context"),
    ],
)
def test_a_file_without_stages_says_so_once(text: str, message: str) -> None:
    assert [error.message for error in read(text).errors] == [message]


def test_comments_document_the_next_instruction_until_an_empty_one() -> None:
    text = "# check=skip=all\n# a\n#\n# b\n\n# c\nFROM x\n# d\nRUN y\n"
    dockerfile = read(text)
    documented = [[c.text for c in i.comments] for i in dockerfile.instructions]
    assert documented == [["b", "c"], ["d"]]
    assert [comment.text for comment in dockerfile.comments] == ["a", "", "b", "c", "d"]


def test_only_ascii_blanks_part_a_keyword_from_its_arguments() -> None:
    assert read("FROM\xa0scratch\n").errors[0].message == "unknown instruction: FROM\xa0scratch"
