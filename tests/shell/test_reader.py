"""Scripts of instructions: what is read, who reads it, and where every word stands in the Dockerfile."""

from __future__ import annotations

import pytest

from lithify.compiler.shell.model import Script
from lithify.compiler.shell.reader import ScriptReader, read_script
from lithify.errors import SourceText
from lithify.grammar.parser import parse


def _scripts(text: str) -> list[Script | None]:
    dockerfile = parse(SourceText("Dockerfile", text))
    assert not dockerfile.errors
    reader = ScriptReader(dockerfile)
    return [reader(instruction) for instruction in dockerfile.instructions]


def _script(text: str) -> Script:
    script = _scripts(text)[-1]
    assert script is not None
    return script


def _marked(script: Script) -> list[list[str]]:
    """Every command's words as they stand in the file."""
    return [
        [script.span(word).text for word in (command.head, *command.arguments)]
        for command in script.commands
    ]


def test_words_are_found_across_continuations_and_comments() -> None:
    text = 'FROM a\nRUN apt-get \\\n  # why\n\n  install "a b" \\\n  c\\\nd && \\\n  ls\n'
    script = _script(text)
    assert [one.text for one in script.commands[0].arguments] == ["install", "a b", "cd"]
    assert _marked(script) == [["apt-get", "install", '"a b"', "c\\\nd"], ["ls"]]
    assert script.span(script.commands[1]).line == 8


def test_characters_beyond_ascii_do_not_shift_places() -> None:
    script = _script("FROM a\nRUN echo 'grün\U0001f600' é && ls -x\n")
    assert _marked(script) == [["echo", "'grün\U0001f600'", "é"], ["ls", "-x"]]


def test_the_escape_character_of_the_file_joins_lines() -> None:
    script = _script("# escape=`\nFROM a\nRUN one `\n  two\\three\n")
    assert _marked(script) == [["one", "two\\three"]]


def test_windows_line_ends_do_not_shift_places() -> None:
    assert _marked(_script("FROM a\r\nRUN one \\\r\n  two\r\n")) == [["one", "two"]]


def test_commands_of_a_heredoc_stand_in_its_body() -> None:
    script = _script("FROM a\nRUN <<EOF\none 1\n  two\nEOF\n")
    assert _marked(script) == [["one", "1"], ["two"]]
    assert [script.span(one).line for one in script.commands] == [3, 4]


def test_tabs_that_a_heredoc_drops_are_no_part_of_its_text() -> None:
    script = _script("FROM a\nRUN <<-EOF\n\tone \\\n\t\t1\n\ttwo\n\tEOF\n")
    assert script.text == "one \\\n1\ntwo\n"
    assert _marked(script) == [["one", "1"], ["two"]]


@pytest.mark.parametrize(
    ("line", "first", "shell"),
    [
        ("<<EOF", "true", ("/bin/sh", "-c")),
        ("<<EOF", "#!/bin/bash -e", ("/bin/bash", "-e")),
        ("<<EOF", "#!/usr/bin/env -S bash -e", ("bash",)),
        ("<<EOF bash -eo pipefail", "true", ("bash", "-eo", "pipefail")),
        ("/bin/dash <<'EOF'", "true", ("/bin/dash",)),
    ],
)
def test_a_heredoc_is_read_by_the_shell_that_is_named(
    line: str, first: str, shell: tuple[str, ...]
) -> None:
    script = _script(f"FROM a\nRUN {line}\n{first}\nlast x\nEOF\n")
    assert script.shell[: len(shell)] == shell
    assert _marked(script)[-1] == ["last", "x"]


def test_a_heredoc_in_another_language_holds_no_script() -> None:
    text = "FROM a\nRUN <<EOF\n#!/usr/bin/env python3\nimport x\nEOF\n"
    assert _scripts(text)[-1] is None


@pytest.mark.parametrize("line", ["python3 <<EOF", "<<EOF cat", "bash -c <<EOF", "sh f <<EOF"])
def test_a_heredoc_that_is_data_is_not_read(line: str) -> None:
    script = _script(f"FROM a\nRUN {line}\nimport x\nEOF\n")
    assert [one.name for one in script.commands] == [line.replace("<<EOF", "").split()[0]]


def test_a_line_around_heredocs_is_read_as_a_whole() -> None:
    script = _script("FROM a\nRUN cat <<EOF > /f && ls $(x)\nhe $(llo)\nEOF\n")
    assert [one.name for one in script.commands] == ["cat", "ls", "x", "llo"]
    cat = script.commands[0]
    assert [(one.operator, one.target.text) for one in cat.redirections] == [
        ("<<", "EOF"),
        (">", "/f"),
    ]
    assert script.span(script.commands[3]).line == 3


def test_exec_form_is_its_words_with_the_place_of_each() -> None:
    script = _script('FROM a\nRUN ["apt-get", \\\n  "install",   "é"]\n')
    assert script.shell == ()
    assert _marked(script) == [["apt-get", "install", "é"]]


def test_escapes_in_exec_form_mark_the_word_that_has_them() -> None:
    script = _script('FROM a\nRUN ["a", "\\u0062\\u0063", "d"]\n')
    assert _marked(script)[0][0::2] == ["a", "d"]
    assert script.commands[0].arguments[0].text == "bc"


@pytest.mark.parametrize(
    "instruction",
    ["CMD ls -l", "ENTRYPOINT ls -l", "HEALTHCHECK --timeout=3s CMD ls -l", "ONBUILD RUN ls -l",
     "ONBUILD HEALTHCHECK CMD ls -l", 'CMD ["ls", "-l"]', "RUN --network=none ls -l"],
)  # fmt: skip
def test_every_instruction_that_starts_a_command_holds_one(instruction: str) -> None:
    assert _marked(_script(f"FROM a\n{instruction}\n")) == [["ls", "-l"]]


@pytest.mark.parametrize(
    "instruction", ["ENV A=b", "HEALTHCHECK NONE", "ONBUILD ENV A=b", "COPY a b"]
)
def test_other_instructions_hold_no_script(instruction: str) -> None:
    dockerfile = parse(SourceText("Dockerfile", f"FROM a\n{instruction}\n"))
    assert read_script(dockerfile.instructions[-1], dockerfile) is None


def test_the_trigger_of_onbuild_is_unwrapped_and_keeps_its_places() -> None:
    script = _script("FROM a\nONBUILD RUN --mount=type=tmpfs,target=/t one \\\n  two\n")
    assert script.instruction.name == "RUN"
    assert script.instruction.flags[0].name == "mount"
    assert _marked(script) == [["one", "two"]]


def test_the_heredoc_of_a_trigger_keeps_its_places() -> None:
    script = _script("FROM a\nONBUILD RUN <<EOF\none two\nEOF\n")
    assert _marked(script) == [["one", "two"]]
    assert script.span(script.commands[0]).line == 3


def test_the_shell_is_that_of_the_stage_or_of_the_stage_it_starts_from() -> None:
    text = (
        'FROM x AS base\nRUN a\nSHELL ["/bin/bash", "-c"]\nRUN b\nFROM y\nRUN c\nFROM BASE\nRUN d\n'
    )
    shells = [one.shell for one in _scripts(text) if one]
    assert shells == [
        ("/bin/sh", "-c"), ("/bin/bash", "-c"), ("/bin/sh", "-c"), ("/bin/bash", "-c")
    ]  # fmt: skip


@pytest.mark.parametrize("shell", ["powershell", "C:\\\\x\\\\pwsh.exe", "cmd", "/usr/bin/python3"])
def test_what_no_shell_reads_is_no_script(shell: str) -> None:
    assert _scripts(f'FROM a\nSHELL ["{shell}", "-c"]\nRUN x | y\n')[-1] is None
    assert _scripts(f'FROM a\nSHELL ["{shell}", "-c"]\nRUN ["x"]\n')[-1] is not None


def test_a_comment_names_the_shell_of_a_base_image() -> None:
    scripts = _scripts("FROM a\n# hadolint shell=powershell\nRUN x | y\nFROM b\nRUN z\n")
    assert [one is None for one in scripts] == [True, True, True, False]
    before = "# hadolint shell = pwsh # all\nFROM a\nRUN x\nFROM b\nRUN z\n"
    assert _scripts(before) == [None] * 4
