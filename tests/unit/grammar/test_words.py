"""Quoting and variable expansion: the vectors of the language."""

from __future__ import annotations

import pytest

from lithify.grammar.words import (
    ExpansionError,
    expand,
    expand_heredoc,
    expand_words,
    quoted,
    split_shell_words,
)

ENV = {"PWD": "/home", "SHELL": "bash", "KOREAN": "한국어", "NULL": ""}

WORDS = [
    ("he'll'o", "hello"),
    (r"he\'llo", "he'llo"),
    (r"abc\tdef", "abctdef"),
    (r'"abc\tdef"', r"abc\tdef"),
    (r'"abc\\tdef"', r"abc\tdef"),
    (r"'abc\tdef'", r"abc\tdef"),
    ("hello\\", "hello"),
    (r"hello\\", "hello\\"),
    ('"hel\'lo"', "hel'lo"),
    ("'hello\\'", "hello\\"),
    (r"'hello\\there'", r"hello\\there"),
    ("\"''\"", "''"),
    ("$.", "$."),
    ("$", "$"),
    ("$/", "$/"),
    ("he$1x", "hex"),
    ("he$.x", "he$.x"),
    ("he$pwd.", "he."),
    ("he$PWD", "he/home"),
    (r"he\$PWD", "he$PWD"),
    (r"he\\$PWD", r"he\/home"),
    (r'"he\\$PWD"', r"he\/home"),
    (r"\${}", "${}"),
    ("he${hi}xx", "hexx"),
    ("he${XXX:-000}xx", "he000xx"),
    ("he${PWD:-000}xx", "he/homexx"),
    ("he${XXX:-$PWD}xx", "he/homexx"),
    ("he${XXX:-${YYY:-yyy}}xx", "heyyyxx"),
    ("he${PWD?}", "he/home"),
    ("he${NULL?}", "he"),
    ("he${PWD:+${SHELL}}xx", "hebashxx"),
    ("he${XXX:+000}xx", "hexx"),
    ("he${NULL+x}-${NULL:+x}", "hex-"),
    ("he${NULL-x}-${NULL:-x}", "he-x"),
    ("'he${XX}'", "he${XX}"),
    ("\"he'$PWD'\"", "he'/home'"),
    ("'\"hello\"'", '"hello"'),
    (r"'he\$PWD'", r"he\$PWD"),
    ("he${PWD:+${PWD}:}xx", "he/home:xx"),
    (r"he${XXX:-\$PWD:}xx", "he$PWD:xx"),
    (r"he${XXX:-\${PWD}z}xx", "he${PWDz}xx"),
    ("${aaa}}", "}"),
    ("${aaa:-bbb}}", "bbb}"),
    ("${aaa:-bbb {foo}", "bbb {foo"),
    ("$1 ${1} $999", "  "),
    ("$001aaa", "aaa"),
    ("${1:-bbb}", "bbb"),
    ("$@@@", "@@"),
    ("$$", ""),
    ("${-:-bbb}", "bbb"),
    ("$KOREAN", "한국어"),
    ("안녕$KOREAN하", "안녕"),
    ("\ufeffx$PWD", "x/home"),
]

FAILING = [
    ("he'llo", "matching single-quote"),
    (r"he\\'llo", "matching single-quote"),
    ('"hello', "matching double-quote"),
    (r'"hello\"', "matching double-quote"),
    ("${}", "bad substitution"),
    ("he${}xx", "bad substitution"),
    ("he${.}", "unsupported modifier (.)"),
    ("he${XXX:YYY}", "unsupported modifier (:Y)"),
    ("he${XXX?}", "XXX: is not allowed to be unset"),
    ("he${NULL:?}", "NULL: is not allowed to be empty"),
    ('${XXX:?"custom error"}', "XXX: custom error"),
    ("he${PWD", "missing '}'"),
    ("${", "missing '}'"),
    ("he${PWD:=000}xx", "unsupported modifier (:=)"),
    ("${PWD=x}", "unsupported modifier (=)"),
    ("${PWD^^}", "unsupported modifier (^)"),
    ("${{aaa}", "bad substitution"),
    ("${aaa:-bbb ${foo}", "missing '}'"),
    ("${:-bbb}", "bad substitution"),
    ("${:}", "bad substitution"),
    ("${PWD:#}", "unsupported modifier (:#)"),
    ("${PWD:##}", "unsupported modifier (:#)"),
    ("${PWD:%}", "unsupported modifier (:%)"),
    ("${PWD//ww}", "missing '/' in ${}"),
    (r"${PWD#\x}", r"invalid pattern (\x) in substitution: invalid escape '\x'"),
    ("${a:-" * 100 + "}" * 100, "nested"),
]

PATTERNS = [
    (r"${FOO#()[]{\}^$.\*\?|\\}", {"FOO": r"()[]{}^$.*?|\x"}, "x"),
    (r"${FOO%%\**}", {"FOO": "xx**"}, "xx"),
    ("${FOO#*x*y}", {"FOO": "xxyy"}, "y"),
    ("${FOO#*}", {"FOO": "xxyy"}, "xxyy"),
    ("${FOO##*x}", {"FOO": "xxyy"}, "yy"),
    (r"${FOO#?\?}", {"FOO": "???y"}, "?y"),
    ("${FOO%x}", {"FOO": "xxyy"}, "xxyy"),
    (r"${FOO%%\**\*}", {"FOO": "a***yy*"}, "a"),
    (
        "${FOO/$N/.} - ${FOO//$N/.}",
        {"FOO": "/foo*/*/*.txt", "N": r"\*/"},
        "/foo.*/*.txt - /foo..*.txt",
    ),
    (
        "${FOO/$N/} - ${FOO//$N/}",
        {"FOO": "/tmp/tmp/bar.txt", "N": "/tmp"},
        "/tmp/bar.txt - /bar.txt",
    ),
    (
        "${FOO/$N/$R} - ${FOO//$N/$R}",
        {"FOO": "/a/foo/b/c.txt", "N": "/?/", "R": "/"},
        "/foo/b/c.txt - /foo/c.txt",
    ),
    ("${FOO/$E/ww}", {"FOO": "xxyy", "E": ""}, "wwxxyy"),
    ("${FOO///}", {"FOO": "xxyy"}, "xxyy"),
    ("${FOO#}${FOO##}${FOO%}${FOO%%}", {"FOO": "x"}, "xxxx"),
    (r"${FOO//\//\/}", {"FOO": "/tmp/foo.txt"}, r"\/tmp\/foo.txt"),
    ("${FOO//x/[$R]}", {"FOO": "axb", "R": "$1$name${2}$$"}, "a[$]b"),
    ("${FOO//x/$R}", {"FOO": "axb", "R": "$0$0"}, "axxb"),
    ("${FOO/x/$R}", {"FOO": "axb", "R": "$1"}, "a$1b"),
    ("${FOO//$P/X}", {"FOO": "abc", "P": "*"}, "X"),
    ("${FOO//$E/-}", {"FOO": "ab", "E": ""}, "-a-b-"),
    ("${FOO#*b}", {"FOO": "a\nb"}, "a\nb"),
    ('${FOO#"a"}', {"FOO": "ab"}, "b"),
]


@pytest.mark.parametrize(("text", "value"), WORDS)
def test_a_word_expands(text: str, value: str) -> None:
    assert expand(text, ENV).value == value


@pytest.mark.parametrize(("text", "message"), FAILING)
def test_a_bad_word_says_which_and_why(text: str, message: str) -> None:
    with pytest.raises(ExpansionError) as caught:
        expand(text, ENV)
    assert caught.value.message.startswith(f"failed to process {quoted(text)}: ")
    assert message in caught.value.message


@pytest.mark.parametrize(("text", "env", "value"), PATTERNS)
def test_a_pattern_removes_or_replaces(text: str, env: dict[str, str], value: str) -> None:
    assert expand(text, env).value == value


@pytest.mark.parametrize(
    ("text", "env", "words"),
    [
        ("hello${space}bye", {"space": "abc  def"}, ("helloabc", "defbye")),
        ('hello"${space}"bye', {"space": "abc  def"}, ("helloabc  defbye",)),
        ("hello${leading}def", {"leading": "  ab c"}, ("hello", "ab", "cdef")),
        ('hel"lo${trailing}"', {"trailing": "x  "}, ("hellox  ",)),
        (r"hello\ there", {}, ("hello there",)),
        ("  $a  ", {"a": " "}, ()),
        ("80 $b", {"b": "1 2"}, ("80", "1", "2")),
    ],
)
def test_words_mode_splits_after_expansion(
    text: str, env: dict[str, str], words: tuple[str, ...]
) -> None:
    assert expand_words(text, env) == words


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("Hello '${name}'!\n", "Hello 'world'!\n"),
        ("\\\n", "\n"),
        ("\\\\\n", "\\\n"),
        ("\\$name\n", "$name\n"),
        ("a\\nb\n", "anb\n"),
        ('"$name" it\'s\n', '"world" it\'s\n'),
        ("${gone:-'x'}\n", "'x'\n"),
    ],
)
def test_in_a_heredoc_quotes_mean_nothing(body: str, value: str) -> None:
    assert expand_heredoc(body, {"name": "world"}).value == value


def test_the_backtick_escapes_when_it_was_chosen() -> None:
    assert expand(r"a\b`$c", {}, "`").value == r"a\b$c"


def test_every_lookup_is_recorded_whatever_the_operator() -> None:
    expansion = expand("$a ${b:-$c} ${PWD} ${d+x}", ENV)
    assert expansion.missing == {"a", "b", "c", "d"}
    assert expansion.used == {"PWD"}


def test_a_hostile_pattern_takes_linear_time() -> None:
    env = {"v": "a" * 20000, "p": "*a" * 200 + "b"}
    assert expand("${v##$p}", env).value == env["v"]


def test_shell_words_keep_quotes_and_glue_blanks_after_a_redirection() -> None:
    words = split_shell_words("cat << 'E F' ${x:-1}\\ y")
    assert [word.text for word in words] == ["cat", "<< 'E F'", "${x:-1}\\ y"]
    assert [(word.start, word.end) for word in words] == [(0, 3), (4, 12), (13, 23)]


def test_control_characters_are_shown_escaped() -> None:
    assert quoted('a"\\\t\x01é\u200b') == '"a\\"\\\\\\t\\x01é\\u200b"'


@pytest.mark.parametrize(
    "text",
    [
        "$A$A$A",
        "${A:-$A}${A:+$A}",
        "${A//a/aaa}",
        "${A//a/$A}",
        r"${B//*/\$0\$0\$0}",
        "${A/a/$A$A}",
    ],
)
def test_variables_that_grow_without_end_are_refused(text: str) -> None:
    with pytest.raises(ExpansionError, match="more than 131072 characters"):
        expand(text, {"A": "a" * 60_000, "B": "b" * 60_000})


def test_long_text_around_variables_is_no_growth() -> None:
    text = "x" * 300_000
    assert expand(f"{text}$A", {"A": "a" * 100_000}).value == text + "a" * 100_000
