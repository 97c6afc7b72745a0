"""Shell: which simple commands a text has, and what their words are."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lithify.compiler.shell.parser import parse_shell


def _names(text: str) -> list[str]:
    return [command.name for command in parse_shell(text).commands]


def _words(text: str) -> list[str]:
    (command,) = parse_shell(text).commands
    return [command.name, *(word.text for word in command.arguments)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a && b || c; d & e", ["a", "b", "c", "d", "e"]),
        ("( a; { b; } )", ["a", "b"]),
        ("for x in $(a); do b; done; while c; do d; done", ["a", "b", "c", "d"]),
        ("if a; then b; elif c; then d; else e; fi", ["a", "b", "c", "d", "e"]),
        ("case $x in a) b;; *) c;; esac", ["b", "c"]),
        ("f() { a; }; f", ["a", "f"]),
        ('a "$(b `c`)" <(d)', ["a", "b", "c", "d"]),
        ("! a | b |& c", ["a", "b", "c"]),
        ("export A=$(a); local x; [ -f b ]; [[ $(c) = d ]]", ["export", "a", "local", "c"]),
        ("X=$(a) Y=1 b; Z=1", ["b", "a"]),
        ("set -ex; A=1", ["set"]),
        ("# a\nb # c\n", ["b"]),
        ("", []),
    ],
)
def test_simple_commands_are_found_wherever_they_stand(text: str, names: list[str]) -> None:
    assert _names(text) == names


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a b  \\\n c", ["a", "b", "c"]),
        ("a 'b c'\"d e\"f", ["a", "b cd ef"]),
        ('a "\\$x \\" \\n" b\\ b \\c', ["a", '$x " \\n', "b b", "c"]),
        ('a $x ${y} ${z:-1} "  $x $y  "', ["a", "${x}", "${y}", "${z:-1}", "  ${x} ${y}  "]),
        ("a --b=$c x=y 12 {1,2} *.d ~", ["a", "--b=${c}", "x=y", "12", "{1,2}", "*.d", "~"]),
        ("a $'b\\n' == - --", ["a", "b\\n", "==", "-", "--"]),
        ("X=1 a > /f 2>&1 b < g", ["a", "b"]),
        ("./x/y", ["./x/y"]),
    ],
)
def test_words_are_as_the_program_gets_them(text: str, words: list[str]) -> None:
    assert _words(text) == words


@pytest.mark.parametrize(
    ("text", "is_literal"),
    [("a b", True), ("a 'b'", True), ('a "b c"', True), ("a $b", False), ('a "b$(c)"', False),
     ("a b`c`", False), ("a ${b}c", False)],
)  # fmt: skip
def test_a_word_is_literal_without_expansions(text: str, is_literal: bool) -> None:
    assert parse_shell(text).commands[0].arguments[0].is_literal is is_literal


@pytest.mark.parametrize("text", ["if true; then echo", "echo 'a", "a && && b", "echo $(b"])
def test_what_is_no_shell_has_no_commands(text: str) -> None:
    syntax = parse_shell(text)
    assert not syntax.is_readable
    assert not syntax.commands


def test_variables_of_one_command_are_kept_with_it() -> None:
    (command,) = parse_shell('X=1 Y="a $b" cmd Z=2').commands
    assert [(one.name, one.value) for one in command.assignments] == [("X", "1"), ("Y", "a ${b}")]
    assert [word.text for word in command.arguments] == ["Z=2"]


def test_redirections_belong_to_the_command_before_them() -> None:
    first, second, third = parse_shell("a | b > f 2>&1; c <<< 'd e'").commands
    assert first.redirections == ()
    assert [(one.operator, one.target.text) for one in second.redirections] == [
        (">", "f"),
        (">&", "1"),
    ]
    assert [(one.operator, one.target.text) for one in third.redirections] == [("<<<", "d e")]


def test_options_are_taken_apart() -> None:
    (command,) = parse_shell("a -xy --name=v=w -- - --long b -q=2").commands
    flags = [(flag.name, flag.value) for flag in command.flags]
    assert flags == [
        ("x", None), ("y", None), ("name", "v=w"), ("long", None), ("q", None), ("=", None),
        ("2", None),
    ]  # fmt: skip
    assert [word.text for word in command.plain] == ["--", "-", "b"]
    assert command.has_flag("y", "z") and not command.has_flag("z", "nam")
    assert command.calls("a", "b") and not command.calls("b", "a")


def test_nesting_and_pipelines_are_numbered() -> None:
    syntax = parse_shell('a "$(b | c $(d))" && e')
    assert [(one.name, one.outer, one.pipeline) for one in syntax.commands] == [
        ("a", -1, -1), ("b", 0, 0), ("c", 0, 0), ("d", 2, 0), ("e", -1, -1),
    ]  # fmt: skip
    assert len(syntax.pipelines) == 1
    assert len(parse_shell("cat <<EOF | grep x\na | b\nEOF\n").pipelines) == 1


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("cat <<A b >f && c\nx | y\nA\nd", [["cat", "b"], ["c"], ["d"]]),
        ("<<A cat b\nx 'y\nA\nd", [["cat", "b"], ["d"]]),
        ("cat <<A <<-'B' c\nx\nA\n\ty\n\tB\nd", [["cat", "c"], ["d"]]),
        ("a $((1 << 2)) <<< x", [["a", "$((1 << 2))"]]),
    ],
)
def test_heredocs_hide_nothing_around_them(text: str, commands: list[list[str]]) -> None:
    found = parse_shell(text).commands
    assert [[one.name, *(word.text for word in one.arguments)] for one in found] == commands


def test_many_heredocs_are_passed_over_one_by_one() -> None:
    text = "".join(f"a{i} <<A{i} <<B{i} x\n$(b)\nA{i}\nB{i}\n" for i in range(3000))
    assert _names(text) == [f"a{i}" for i in range(3000)]


def test_deep_nesting_does_not_exhaust_the_stack() -> None:
    depth = 3000
    assert len(_names("a $(" * depth + "b" + ")" * depth)) in (0, depth + 1)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="ab \\\n\"'$(){}<>|&;=`#é-", max_size=30))
def test_places_of_any_text_lie_inside_of_it(text: str) -> None:
    for command in parse_shell(text).commands:
        for word in (command.head, *command.arguments):
            assert command.start <= word.start <= word.end <= command.end <= len(text)
