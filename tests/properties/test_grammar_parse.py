"""The parser on arbitrary text: it never fails, and its places are true."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lithify.errors import SourceError, SourceText, Span, render_error
from lithify.grammar.ast import ArgDeclaration, KeyValue, ShellForm, Word
from lithify.grammar.dump import dump_ast, dump_instructions
from lithify.grammar.formatting.gaps import joined
from lithify.grammar.parser import parse, parse_mount, parse_parts, parse_trigger
from lithify.grammar.words import ExpansionError, expand, expand_heredoc, expand_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.grammar.ast import Instruction
    from lithify.grammar.statement import Statement

KEYWORDS = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
    "CPOY",
]
FRAGMENTS = [
    " ", "  ", "\t", "\\\n", "\\\r\n", "`\n", "\n", "\n\n", "\\", "`", "'", '"', "=", "a=b", "x",
    "--", "--from=a", "--mount=type=cache,target=/x", '--mount="a,b', "[", "]", '["a", "b"]', ",",
    "<<EOF", "<<-E", "<< X", "\nEOF\n", "\nE\n", "${", "}", "$x", "${x:-", "#", "# c\n", "NONE",
    "CMD", "AS", "é", "\x85", "\xa0", "\ufeff", "\x00", "\ud800", "1x", "🐳",
]  # fmt: skip

lines = st.tuples(
    st.sampled_from(KEYWORDS), st.lists(st.sampled_from(FRAGMENTS), max_size=8).map("".join)
).map(" ".join)
dockerfiles = st.tuples(
    st.sampled_from(["", "\ufeff", "# escape=`\n", "FROM a\n", "#!/x\n# check=skip=all\n"]),
    st.lists(lines, max_size=5).map("\n".join),
).map("".join)
anything = st.one_of(st.text(max_size=80), dockerfiles)
quick = settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)


def spans_of(node: object) -> Iterator[Span]:
    if isinstance(node, Span):
        yield node
    elif isinstance(node, tuple):
        for item in node:
            yield from spans_of(item)
    elif is_dataclass(node):
        for field in fields(node):
            yield from spans_of(getattr(node, field.name))


def is_inside(inner: Span, outer: Span) -> bool:
    return outer.start <= inner.start <= inner.end <= outer.end


@quick
@given(anything)
@example("RUN " + "[" * 5000)
@example("FROM a\nRUN " + "[" * 3000 + "]" * 3000)
@example("ONBUILD " * 3000)
@example("# escape=" + "x" * 70000)
@example("FROM a\nCOPY <<E /x\n" + "x" * 70000)
def test_parsing_and_rendering_never_fail(text: str) -> None:
    dockerfile = parse(SourceText("Dockerfile", text))
    dump_ast(dockerfile)
    dump_instructions("Dockerfile", dockerfile)
    for error in dockerfile.errors:
        assert error.span is not None
        assert is_inside(error.span, Span(dockerfile.source, 0, len(text)))
        render_error(error)


@quick
@given(anything)
def test_what_is_not_a_dockerfile_has_an_error(text: str) -> None:
    dockerfile = parse(SourceText("Dockerfile", text))
    has_stage = any(instruction.name == "FROM" for instruction in dockerfile.instructions)
    assert has_stage or dockerfile.errors


@quick
@given(dockerfiles)
def test_spans_lie_in_their_instruction_and_instructions_do_not_overlap(text: str) -> None:
    dockerfile = parse(SourceText("Dockerfile", text))
    end = 0
    for instruction in dockerfile.instructions:
        assert end <= instruction.span.start
        end = instruction.span.end
        assert end <= len(text)
        above = {id(span) for comment in instruction.comments for span in spans_of(comment)}
        for span in spans_of(instruction):
            if id(span) not in above:
                assert is_inside(span, instruction.span)


@quick
@given(dockerfiles)
@example("FROM a\nENV A=\\\n B=c\\\n\\\n # x\n  d E\\\n=f\nCOPY --\\\nfrom=a b\\\nc /\\\nd\n")
@example(
    'FROM a\nR\\\nUN --mount="type=ca\\\nche,target=/x" a\nARG A=\\\n\nONBUILD \\\n RUN x\\\n  y'
)
@example('FROM a\nCMD [\\\n"a\\\nb" \\\n# c\n,""]\nHEALTHCHECK CMD \\\n a \\\n b')
def test_the_source_of_a_word_joined_is_its_text(text: str) -> None:
    dockerfile, statements = parse_parts(SourceText("Dockerfile", text))
    for instruction, statement in zip(dockerfile.instructions, statements, strict=True):
        for word in words_of(instruction):
            assert source_of(word.span, statement) == word.text
        for flag in instruction.flags:
            written = source_of(flag.span, statement)
            assert written.startswith("--")
            if not set(written) & set("\"'\\`"):
                assert written == f"--{flag.name}" + (
                    "" if flag.value is None else f"={flag.value}"
                )


def source_of(span: Span, statement: Statement) -> str:
    """The characters of a place without what continuations put between them."""
    return joined(statement.line, span.start, span.end)


def words_of(instruction: Instruction) -> Iterator[Word | ShellForm]:
    """Every word whose text is as written: all but the strings of JSON arrays."""
    is_json = getattr(instruction, "json", False)
    for field in fields(instruction):
        value = getattr(instruction, field.name)
        if not is_json or field.name == "keyword":
            yield from _words_in(value)


def _words_in(value: object) -> Iterator[Word | ShellForm]:
    if isinstance(value, Word | ShellForm):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _words_in(item)
    elif isinstance(value, KeyValue | ArgDeclaration):
        for field in fields(value):
            yield from _words_in(getattr(value, field.name))


@quick
@given(dockerfiles)
def test_flags_stand_in_order_behind_the_keyword(text: str) -> None:
    for instruction in parse(SourceText("Dockerfile", text)).instructions:
        previous = instruction.keyword.span.end
        for flag in instruction.flags:
            assert previous <= flag.span.start
            previous = flag.span.end


@quick
@given(anything, st.sampled_from("\\`"))
def test_expansion_fails_only_with_its_own_error(text: str, escape: str) -> None:
    env = {"x": "a b", "e": ""}
    for attempt in (expand, expand_words):
        try:
            attempt(text, env, escape)
        except ExpansionError as error:
            assert error.message
    try:
        expand_heredoc(text, env)
    except ExpansionError as error:
        assert error.message


@quick
@given(st.text(alphabet="abc\n", max_size=12), st.text(alphabet="abc*?\n", max_size=6))
def test_removing_a_prefix_or_suffix_leaves_a_part_of_the_value(value: str, pattern: str) -> None:
    env = {"v": value, "p": pattern}
    short, long = (expand(f"${{v{op}$p}}", env).value for op in ("#", "##"))
    assert value.endswith(short) and short.endswith(long)
    short, long = (expand(f"${{v{op}$p}}", env).value for op in ("%", "%%"))
    assert value.startswith(short) and short.startswith(long)


@quick
@given(st.text(max_size=30))
def test_triggers_and_mounts_fail_only_with_source_errors(text: str) -> None:
    source = SourceText("Dockerfile", "FROM x")
    span = Span(source, 5, 6)
    for attempt in (lambda: parse_trigger("RUN " + text, source, span), lambda: parse_mount(text)):
        try:
            attempt()
        except SourceError as error:
            assert error.message
