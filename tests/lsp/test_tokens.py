"""Colours: every piece of a file with what it is, at its real place."""

from __future__ import annotations

import random

import pytest

from lithify.compiler.editing.document import Place
from lithify.compiler.editing.tokens import KINDS, tokens
from lithify.compiler.shell.tokens import shell_tokens


def _shown(looked):
    return [(looked.shown(Place(one.start, one.end)), one.kind) for one in tokens(looked.document)]


def test_the_words_of_the_language_are_told_apart(look):
    found = _shown(look("# syntax=x\n# note\nFROM a AS b\nENV A=1\nEXPOSE 80\nCOPY --from=b x y\n"))
    assert found == [
        ("# syntax=x", "macro"), ("# note", "comment"), ("FROM", "keyword"), ("a", "class"),
        ("AS", "keyword"), ("b", "namespace"), ("ENV", "keyword"), ("A", "variable"),
        ("EXPOSE", "keyword"), ("80", "number"), ("COPY", "keyword"), ("--from", "property"),
        ("b", "namespace"),
    ]  # fmt: skip


def test_names_are_declared_where_they_are_defined(look):
    looked = look("FROM a AS b\nENV A=$A\n")
    declared = [
        looked.shown(Place(one.start, one.end))
        for one in tokens(looked.document)
        if one.is_declaration
    ]
    assert declared == ["b", "A"]


def test_shell_is_coloured_by_its_syntax(look):
    found = _shown(look("FROM a\nRUN if [ -f x ]; then tar -xf \"$F\" 'q' > /dev/null; fi # end\n"))
    for one in [
        ("if", "keyword"), ("then", "keyword"), ("tar", "function"), ("-xf", "parameter"),
        ("F", "variable"), ("'q'", "string"), (">", "operator"), ("fi", "keyword"),
        ("# end", "comment"),
    ]:  # fmt: skip
        assert one in found


def test_shell_across_continuations_and_in_heredocs_has_its_real_place(look):
    looked = look("FROM a\nRUN apt-get \\\n  # why\n  -y ins\\\ntall\nRUN <<EOF\nmake all\nEOF\n")
    found = _shown(looked)
    for one in [("apt-get", "function"), ("# why", "comment"), ("make", "function")]:
        assert one in found


def test_a_heredoc_that_is_a_file_is_text_with_variables(look):
    found = _shown(look("FROM a\nARG V\nCOPY <<EOF /x\nif $V\nEOF\n"))
    assert ("if $", "string") in found
    assert ("V", "variable") in found
    assert ("if", "keyword") not in found


def test_a_broken_script_is_coloured_as_far_as_it_goes():
    found = shell_tokens("if true; then echo 'a")
    assert any(one.kind == "keyword" for one in found)


@pytest.mark.parametrize("seed", range(20))
def test_tokens_never_overlap_nor_cross_lines_whatever_is_written(look, seed):
    source = random.Random(seed)
    pieces = [
        "FROM a AS b\n", "RUN echo $A \\\n", " && ls -l\n", "COPY <<EOF /x\n", "EOF\n", "$", "{", "'",
        '"', "\\\n", "# c\n", "ENV A=1 B=\"$A\"\n", "é😀", "\r\n", "RUN <<E\n", "E\n", "CMD [\"a\",\n",
    ]  # fmt: skip
    looked = look("".join(source.choice(pieces) for _ in range(30)))
    end = 0
    for one in tokens(looked.document):
        assert end <= one.start < one.end
        assert one.kind in KINDS
        assert not set("\r\n") & set(looked.shown(Place(one.start, one.end)))
        end = one.end


def test_a_range_has_the_tokens_of_the_whole_that_touch_it(look):
    looked = look("FROM a AS b\nENV A=1\nRUN echo $A \\\n  && ls -l\nCOPY x y\n")
    text = looked.document.text
    within = Place(text.index("ENV"), text.index("&&"))
    some = tokens(looked.document, within)
    assert some == tuple(
        one
        for one in tokens(looked.document)
        if one.end >= within.start and one.start <= within.end
    )
    assert 0 < len(some) < len(tokens(looked.document))
