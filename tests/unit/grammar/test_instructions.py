"""Each instruction: what is read from it, and the vectors for its arguments."""

from __future__ import annotations

import pytest

from lithify.errors import SourceText
from lithify.grammar.ast import (
    Arg,
    Cmd,
    Copy,
    Entrypoint,
    Env,
    ExecForm,
    Expose,
    From,
    Healthcheck,
    Instruction,
    Label,
    Maintainer,
    Onbuild,
    Run,
    Shell,
    ShellForm,
    Stopsignal,
    User,
    Volume,
    Workdir,
)
from lithify.grammar.parser import parse


def one(text: str, escape: str = "\\") -> Instruction:
    source = SourceText("Dockerfile", f"# escape={escape}\nFROM scratch\n{text}\n")
    dockerfile = parse(source)
    assert not dockerfile.errors
    assert len(dockerfile.instructions) == 2
    return dockerfile.instructions[1]


def pairs(text: str, escape: str = "\\") -> list[tuple[str, str]]:
    instruction = one(text, escape)
    assert isinstance(instruction, Env | Label)
    return [(pair.key.text, pair.value.text) for pair in instruction.pairs]


def command(text: str) -> tuple[str, ...] | str:
    instruction = one(text)
    assert isinstance(instruction, Run | Cmd | Entrypoint | Shell)
    is_exec = isinstance(instruction.command, ExecForm)
    return instruction.command.args if is_exec else instruction.command.text


def messages(text: str) -> list[str]:
    source = SourceText("Dockerfile", f"FROM scratch\n{text}\n")
    return [error.message for error in parse(source).errors]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"ENV name=value\ value2 name2=value2\ value3",
         [("name", r"value\ value2"), ("name2", r"value2\ value3")]),
        (r'ENV name="a\"b"', [("name", r'"a\"b"')]),
        (r"ENV name='a\'b'", [("name", r"'a\'b'")]),
        (r"ENV name='a\'b''", [("name", r"'a\'b''")]),
        ('ENV name=value \\\n    name2="value2a \\\n           value2b" \\\n\n',
         [("name", "value"), ("name2", '"value2a            value2b"')]),
        ("ENV ONE TWO= THREE=world", [("ONE", "TWO= THREE=world")]),
        ("LABEL maintainer foo@bar.com", [("maintainer", "foo@bar.com")]),
        ("ENV a=b=c d=", [("a", "b=c"), ("d", "")]),
        ("ENV a='x", [("a", "'x")]),
        ("ENV a=x\\", [("a", "x")]),
        ('LABEL "a b"=c', [('"a b"', "c")]),
        ("ENV A \t 'x  y' ", [("A", "'x  y'")]),
        ("ENV a=1\u2003b=2", [("a", "1"), ("b", "2")]),
    ],
)  # fmt: skip
def test_env_and_label_keep_quotes_and_escapes(text: str, expected: list[tuple[str, str]]) -> None:
    assert pairs(text) == expected


def test_the_chosen_escape_splits_words() -> None:
    text = 'ENV A=x\\y B="`"q`"" C=`  D=\\'
    assert pairs(text, "`") == [("A", "x\\y"), ("B", '"`"q`""'), ("C", "` "), ("D", "\\")]


def test_pairs_have_exact_places_and_the_legacy_form_is_marked() -> None:
    new = one("ENV a=b \\\n  key='v w'")
    assert isinstance(new, Env)
    assert [pair.key.span.text for pair in new.pairs] == ["a", "key"]
    assert [pair.value.span.text for pair in new.pairs] == ["b", "'v w'"]
    old = one("LABEL key v w")
    assert isinstance(old, Label)
    assert [pair.legacy for pair in (*new.pairs, *old.pairs)] == [False, False, True]
    assert old.pairs[0].value.span.text == "v w"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('CMD ["a", "b"]', ("a", "b")),
        ("CMD ['a','b']", "['a','b']"),
        ("CMD []", ()),
        ("CMD", ""),
        ("RUN", ""),
        ('RUN ["echo", "hello"]this is invalid', '["echo", "hello"]this is invalid'),
        ("ENTRYPOINT []random string", "[]random string"),
        ('CMD ["C:\\x\\y"]', '["C:\\x\\y"]'),
        ('CMD ["a", "b"', '["a", "b"'),
        ('CMD ["a",]', '["a",]'),
        ('CMD ["a\tb"]', '["a\tb"]'),
        ("CMD [NaN]", "[NaN]"),
        (r'CMD ["\u0041\t", "q\"q", "b\\s", "\/"]', ("A\t", 'q"q', "b\\s", "/")),
        (r'CMD ["\ud83d\ude00\ud800x"]', ("😀�x",)),
        ('RUN [ \\\n  "sh", \\\n  "-c" \\\n]', ("sh", "-c")),
        ("CMD -- --foo bar", "--foo bar"),
        ("RUN --network=none  echo  a", "echo  a"),
        ("CMD -x --y", "-x --y"),
        ('SHELL ["a"]', ("a",)),
        ("RUN\techo", "echo"),
    ],
)
def test_json_arrays_are_exec_form_and_all_else_is_shell_form(
    text: str, expected: tuple[str, ...] | str
) -> None:
    assert command(text) == expected


@pytest.mark.parametrize("value", ["1", "true", "null", '{"a": 1}', '["a"]', "-0.5e3", "{}"])
def test_arrays_hold_only_strings(value: str) -> None:
    message = "when using JSON array syntax, arrays must be comprised of strings only"
    for text in (f'CMD ["a", {value}]', f"VOLUME [{value}]", f"ONBUILD RUN [{value}]"):
        assert messages(text) == [message]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("--chown=a  --chmod=1", [("chown", "a"), ("chmod", "1")]),
        ('--chown="a b"', [("chown", "a b")]),
        (r"--chown=a\ b", [("chown", "a b")]),
        (r"--chown='a\'b'", [("chown", "a'b")]),
        ("--chown=", [("chown", "")]),
        ("--link", [("link", None)]),
        ("--link=TRUE --exclude=a --exclude=b",
         [("link", "TRUE"), ("exclude", "a"), ("exclude", "b")]),
        ("--chown=é", [("chown", "é")]),
        ("", []),
    ],
)  # fmt: skip
def test_flags_lose_their_quotes(flags: str, expected: list[tuple[str, str | None]]) -> None:
    copy = one(f"COPY {flags} x --chown=y z")
    assert isinstance(copy, Copy)
    assert [(flag.name, flag.value) for flag in copy.flags] == expected
    assert [source.text for source in copy.sources] == ["x", "--chown=y"]


@pytest.mark.parametrize("keyword", ["STOPSIGNAL", "ARG", "HEALTHCHECK"])
def test_some_instructions_never_look_at_their_flags(keyword: str) -> None:
    assert one(f"{keyword} --nonsense --chown=x NONE").flags


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("RUN --mont=x y", "unknown flag: --mont (did you mean mount?)"),
        ("RUN --Mount=x y", "unknown flag: --Mount (did you mean mount?)"),
        ("WORKDIR --x=1 /w", "unknown flag: --x"),
        ("CMD --foo bar", "unknown flag: --foo"),
        ("COPY --chown=a --chown=b c d", "duplicate flag specified: --chown"),
        ("COPY --chown a b", "missing a value on flag: --chown"),
        ("COPY --link= a b", "missing a value on flag: --link"),
        ("COPY --link=1 a b", "expecting boolean value for flag --link, not: 1"),
        ("RUN --mount= true", "failed to parse csv mounts: EOF"),
        ("RUN --network=x true", 'invalid network mode "x"'),
        ("RUN --security=relaxed true", 'security "relaxed" is not valid'),
    ],
)
def test_wrong_flags_are_refused(text: str, message: str) -> None:
    assert messages(text) == [message]


NO_DESTINATION = (
    "requires at least two arguments, but only one was provided. "
    "Destination could not be determined"
)
BAD_NAME = "name can't start with a number or contain symbols"
ONE = ["MAINTAINER", "WORKDIR", "USER", "STOPSIGNAL"]
SOME = ["ENV", "LABEL", "ONBUILD", "HEALTHCHECK", "EXPOSE", "VOLUME", "ARG", "SHELL"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        *((name, f"{name} requires exactly one argument") for name in ONE),
        *((name, f"{name} requires at least one argument") for name in SOME),
        *(
            (
                f"{name} {rest}",
                f"{name} {NO_DESTINATION}",
            )
            for name in ("COPY", "ADD")
            for rest in ("", "a", '["a"]')
        ),
        ("FROM", "FROM requires either one or three arguments"),
        ("FROM a b", "FROM requires either one or three arguments"),
        ("FROM a of b", "FROM requires either one or three arguments"),
        ("FROM a as b c", "FROM requires either one or three arguments"),
        ("SHELL /bin/sh -c", "SHELL requires the arguments to be in JSON form"),
        ('VOLUME [" "]', "VOLUME specified can not be an empty string"),
        ("HEALTHCHECK CMD", "Missing command after HEALTHCHECK CMD"),
        ("HEALTHCHECK CMD []", "Missing command after HEALTHCHECK CMD"),
        ("HEALTHCHECK none x", "HEALTHCHECK NONE takes no arguments"),
        ("HEALTHCHECK connect x", 'Unknown type "CONNECT" in HEALTHCHECK (try CMD)'),
        (
            "FROM x AS 1x",
            'invalid name for build stage: "1x", ' + BAD_NAME,
        ),
        ("ONBUILD onbuild RUN x", "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"),
        ("ONBUILD FROM x", "FROM isn't allowed as an ONBUILD trigger"),
        ("ONBUILD MAINTAINER x", "MAINTAINER isn't allowed as an ONBUILD trigger"),
        ("COPY a <<E\nE", "COPY cannot accept a heredoc as a destination"),
        (
            "ENV a=b c",
            'Syntax error - can\'t find = in "c". Must be of the form: name=value',
        ),
        ("ENV a", "ENV must have two arguments"),
        ("LABEL a", "LABEL must have two arguments"),
        ("ENV =b", "ENV names can not be blank"),
        ("LABEL a=b =c", "LABEL names can not be blank"),
        ("ARG =b", "ARG names can not be blank"),
        ("FNTRYPOINT x", "unknown instruction: FNTRYPOINT (did you mean ENTRYPOINT?)"),
        ("fntrypoint x", "unknown instruction: fntrypoint (did you mean entrypoint?)"),
        ("RUNecho hi", "unknown instruction: RUNecho"),
        ("\\", "unknown instruction: "),
    ],
)
def test_wrong_arguments_are_refused(text: str, message: str) -> None:
    assert messages(text) == [message]


def test_from_has_an_image_and_perhaps_a_name() -> None:
    stage = one("from --platform=$P\timg:1  aS  Name")
    assert isinstance(stage, From)
    assert (stage.image.text, stage.alias and stage.alias.text) == ("img:1", "Name")
    assert stage.alias is not None and stage.alias.span.text == "Name"
    assert stage.flag("platform") is not None
    assert stage.keyword.text == "from"


def test_arg_splits_each_word_at_the_first_equals_sign() -> None:
    arg = one('ARG A B=c=d C="x y" D=')
    assert isinstance(arg, Arg)
    shown = [(d.name.text, d.default and d.default.text) for d in arg.declarations]
    assert shown == [("A", None), ("B", "c=d"), ("C", '"x y"'), ("D", "")]
    spans = [(d.name.span.text, d.default and d.default.span.text) for d in arg.declarations]
    assert spans == shown


def test_lists_without_json_are_not_grouped_by_quotes() -> None:
    copy, expose, volume = one('COPY "a b" /x'), one("EXPOSE 80\t81/udp"), one('VOLUME /a "/b c"')
    assert isinstance(copy, Copy) and isinstance(expose, Expose) and isinstance(volume, Volume)
    assert [word.text for word in copy.sources] == ['"a', 'b"']
    assert [word.text for word in expose.ports] == ["80", "81/udp"]
    assert [word.text for word in volume.paths] == ["/a", '"/b', 'c"']


def test_json_lists_give_decoded_words_with_the_places_of_their_strings() -> None:
    copy = one('COPY --from=a ["my file", "a\\\\b", "/d/"]')
    assert isinstance(copy, Copy)
    assert copy.json
    assert [word.text for word in copy.sources] == ["my file", "a\\b"]
    assert copy.sources[0].span.text == '"my file"'
    assert copy.destination.text == "/d/"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("USER a  b ", "a  b"),
        ('WORKDIR "/a b"', '"/a b"'),
        ("STOPSIGNAL $S", "$S"),
        ("MAINTAINER A B <c>", "A B <c>"),
    ],
)
def test_a_whole_argument_keeps_inner_blanks(text: str, value: str) -> None:
    instruction = one(text)
    match instruction:
        case User(user=word) | Workdir(path=word) | Stopsignal(signal=word):
            assert word.text == value
        case Maintainer(author=word):
            assert word.text == value
        case _:
            raise AssertionError(instruction)
    assert instruction.rest == value


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("HEALTHCHECK NONE", "NONE", None),
        ("HEALTHCHECK --interval=1s cmd curl  x", "cmd", "curl  x"),
        ('HEALTHCHECK CMD  ["a", "b"]', "CMD", ("a", "b")),
    ],
)
def test_healthcheck_is_none_or_a_command(
    text: str, kind: str, expected: tuple[str, ...] | str | None
) -> None:
    check = one(text)
    assert isinstance(check, Healthcheck)
    assert check.kind.text == kind
    match check.command:
        case ExecForm(args=found) | ShellForm(text=found):
            assert found == expected
            assert check.command.span.text == text.split(kind)[1].strip()
        case None:
            assert expected is None


def test_onbuild_is_taken_apart_but_not_validated() -> None:
    onbuild = one('ONBUILD run --nonsense ["a", "b"]')
    assert isinstance(onbuild, Onbuild)
    assert onbuild.trigger == 'run --nonsense ["a", "b"]'
    assert onbuild.inner_keyword.text == "run"
    assert (onbuild.inner_flags, onbuild.inner_words) == (("--nonsense",), ("a", "b"))
    assert one("ONBUILD FROBNICATE x").rest == "FROBNICATE x"


def test_one_bad_instruction_does_not_hide_the_others() -> None:
    text = "FROM a\nCPOY x y\nENV A=1 B\nWORKDIR\nUSER me\n"
    dockerfile = parse(SourceText("Dockerfile", text))
    assert [error.span and error.span.line for error in dockerfile.errors] == [2, 3, 4]
    assert [instruction.name for instruction in dockerfile.instructions] == ["FROM", "USER"]


def test_a_misspelt_run_does_not_make_errors_of_its_heredoc() -> None:
    assert messages("RUNN <<EOF\necho\nEOF\nUSER x") == [
        "unknown instruction: RUNN (did you mean RUN?)"
    ]
