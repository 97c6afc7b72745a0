"""What holds for every text: nothing that is built changes, a part of the lines gives a part of the edits."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lithify.errors import SourceErrors, SourceText
from lithify.grammar.format import FormatOptions, apply_edits, format_text, formatted
from lithify.grammar.parser import parse

if TYPE_CHECKING:
    from types import ModuleType

quick = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
options = st.builds(
    FormatOptions,
    indent=st.sampled_from(["", "  ", "    ", "\t"]),
    line_ending=st.sampled_from(["auto", "lf", "crlf"]),
    width=st.sampled_from([None, 10, 40, 100]),
    final_newline=st.booleans(),
)
chance = st.builds(random.Random, st.integers(0, 2**32))
FRAGMENTS = [
    " ", "  ", "\t", "\\\n", "\\ \n", "\\\r\n", "`\n", "\n", "\n\n", "\r\n", "\\", "`", "'", '"', "=", "a=b", "x",
    "--", "--from=a", "--mount=type=cache,target=/x ", "[", "]", '["a" ,"b"]', ",", "<<EOF", "<<-E", "<< X",
    "\nEOF\n", "\nE\n", "${x:-", "}", "$x", "#", "\n# c \n", " # c\n", "NONE", "CMD", "AS", "é", "\x85", "\xa0",
    "\ufeff", "\x00", "\udc80", "RUN ", "run x", "ENV ", "\nCOPY ", "\nONBUILD ", "\n# escape=`\n", "\nfrom a\n",
]  # fmt: skip
texts = st.tuples(
    st.sampled_from(["", "\ufeff", "\n", "# escape=`\n", "\n# escape=`\n", " #!/x\n", "#!/x\n# check = skip=all\n"]),
    st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join),
).map("FROM a\n".join)  # fmt: skip
headed = st.tuples(texts, st.booleans()).map(
    lambda one: one[0].removeprefix("FROM a\n") if one[1] else one[0]
)


@quick
@given(chance, options)
def test_layouts_of_every_kind_keep_their_meaning(
    fuzzer: ModuleType, generator: random.Random, chosen: FormatOptions
) -> None:
    fuzzer.judge(fuzzer.messy(generator), chosen)


@quick
@given(texts | headed, options)
@example("\n# escape=`\nFROM a\nRUN x \\\n y\n", FormatOptions())
@example("\n\n#!/bin/sh\n# syntax=x\nFROM a\n", FormatOptions())
@example("  #!x\n# syntax=x\nFROM a\n", FormatOptions())
@example("FROM a\nENV A b c", FormatOptions())
@example("FROM a\nENV A b\\\n  c", FormatOptions())
@example("FROM a\nENV \\\n A b\\\n  c", FormatOptions())
@example("FROM a\nENV \\\n A b'c'd e\\\n  f", FormatOptions())
@example("FROM a\nRUN --mount=type=cache,target=/x -- x", FormatOptions(width=10))
@example("FROM a\nEXPOSE 1 #2\nENV A=1 #B=2 \\\n C=3\n", FormatOptions(width=5))
@example('FROM a\nCOPY <<"a  b"  /c\na  b\n', FormatOptions())
@example("FROM a\nRUN x \\\n# lost?\n", FormatOptions())
@example("FROM a\nONBUILD run  x  \n", FormatOptions())
@example("# escape=`\nFROM a\nENV A C:\\a\nENV B C:\\a b\nRUN x `\n\ty\n", FormatOptions())
@example("FROM a\nRUN\u00a0x\u00a0\nCOPY a\u00a0 b  c\n", FormatOptions())
def test_texts_that_nobody_would_write_keep_their_meaning(
    fuzzer: ModuleType, text: str, chosen: FormatOptions
) -> None:
    fuzzer.judge(text, chosen)


@quick
@given(chance, options, st.integers(1, 12), st.integers(0, 12))
def test_a_range_gives_a_part_of_the_edits_of_the_whole(
    fuzzer: ModuleType, generator: random.Random, chosen: FormatOptions, first: int, more: int
) -> None:
    source = SourceText("Dockerfile", fuzzer.messy(generator))
    if parse(source).errors:
        return
    whole = format_text(source, chosen)
    part = format_text(source, chosen, lines=(first, first + more))
    assert set(part) <= set(whole)
    new = parse(SourceText("Dockerfile", apply_edits(source.text, part)))
    assert fuzzer.meaning(new) == fuzzer.meaning(parse(source))
    assert format_text(source, chosen, lines=(1, 10**6)) == whole


@quick
@given(chance)
def test_heredoc_bodies_are_in_no_edit(fuzzer: ModuleType, generator: random.Random) -> None:
    source = SourceText("Dockerfile", fuzzer.messy(generator))
    dockerfile = parse(source)
    if dockerfile.errors:
        return
    bodies = [heredoc.body_span for one in dockerfile.instructions for heredoc in one.heredocs]
    for edit in format_text(source, FormatOptions(line_ending="crlf")):
        assert not [one for one in bodies if edit.start < one.end and one.start < edit.end]


@quick
@given(chance)
def test_line_endings_are_never_mixed_outside_heredocs(
    fuzzer: ModuleType, generator: random.Random
) -> None:
    source = SourceText("Dockerfile", fuzzer.messy(generator))
    if parse(source).errors or "ignore" in source.text:
        return
    new = parse(SourceText("", formatted(source, FormatOptions(line_ending="crlf"))))
    text = new.source.text
    for one in reversed([h.body_span for i in new.instructions for h in i.heredocs]):
        text = text[: one.start] + text[one.end :]
    assert text.count("\n") == text.count("\r\n")


@quick
@given(texts)
def test_a_text_with_mistakes_has_no_edits(text: str) -> None:
    source = SourceText("Dockerfile", text + "\nCPOY x")
    try:
        format_text(source)
    except SourceErrors as error:
        assert error.errors
    else:
        # What was open swallowed the mistake.
        assert not parse(source).errors


def test_the_work_grows_as_the_text_does(fuzzer: ModuleType) -> None:
    def calls(count: int) -> int:
        lines = "".join(
            f"run  a{i} \\\n\n # c\n  b\nENV  A{i}=b   C=d \\\n E=f\n" for i in range(count)
        )
        return _calls(lambda: formatted(SourceText("Dockerfile", f"FROM a\n{lines}")))

    calls(1)
    assert calls(400) < 5 * calls(100)


def _calls(work: object) -> int:
    """How many functions of Python are called, which no load of the machine changes."""
    import sys

    count = 0

    def trace(*_: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(trace)
    try:
        work()  # type: ignore[operator]
    finally:
        sys.setprofile(None)
    return count
