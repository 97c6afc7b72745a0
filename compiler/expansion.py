"""Owns the step from a word with variables to its value, with the word's place in errors.

The grammar's expander knows no places; lowering and scopes need both, so the meeting point is here. It refuses
to know which parts of an instruction are expanded: each lowering says so itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.errors import SourceError
from lithify.grammar.words import ExpansionError, expand, expand_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lithify.errors import Span
    from lithify.grammar.ast import Word

_SIMPLE_VARIABLE = re.compile(r"'[^']*'|\\.|\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})", re.DOTALL)

_WRONG_FORMS = ("syntax error", "unsupported modifier")
_FORMS = (
    "a substitution is closed by }, as in ${name} or ${name:-default}; \\$ is a plain dollar sign"
)


def expand_text(text: str, variables: Mapping[str, str], escape: str, span: Span) -> str:
    """The value of a text; an error points at `span`. Raises SourceError."""
    try:
        return expand(text, variables, escape).value
    except ExpansionError as error:
        raise _placed(error, span) from error


def expand_word(word: Word, variables: Mapping[str, str], escape: str) -> str:
    """The value of a word; an error points at the word. Raises SourceError."""
    return expand_text(word.text, variables, escape, word.span)


def split_word(word: Word, variables: Mapping[str, str], escape: str) -> tuple[str, ...]:
    """The words a word becomes when blanks in values separate. Raises SourceError."""
    try:
        return expand_words(word.text, variables, escape)
    except ExpansionError as error:
        raise _placed(error, word.span) from error


def _placed(error: ExpansionError, span: Span) -> SourceError:
    is_form = any(mark in error.message for mark in _WRONG_FORMS)
    return SourceError(error.message, span=span, hint=_FORMS if is_form else "")


def show_variables(text: str, variables: Mapping[str, str]) -> str:
    """A text for people: plain variables that are set replaced, quotes and everything else kept."""

    def replace(match: re.Match[str]) -> str:
        name = match[1] or match[2] or ""
        return variables.get(name, match[0])

    return _SIMPLE_VARIABLE.sub(replace, text)
