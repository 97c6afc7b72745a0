r"""Owns the recognition of heredocs: which words of a line open one, and what they are called.

The whole line is split as a shell would do it, since `<<EOF` in quotes or after a letter opens
nothing. It refuses to read bodies (the line reader does) and to expand them.

Specification: section 1.7, recognition.
"""

from __future__ import annotations

import re

from lithify.grammar.words import ExpansionError, ShellWord, split_shell_words
from lithify.values import dataclass

_HEREDOC = re.compile(r"([0-9]*)<<(-?)[\t\n\f\r ]*([^<]*)")


@dataclass(frozen=True, slots=True)
class HeredocWord:
    """A word such as `3<<-"EOF"`; `start` and `end` are its place in the line."""

    name: str
    expand: bool
    chomp: bool
    fd: int | None
    start: int
    end: int


def parse_heredoc_word(text: str) -> HeredocWord | None:
    """The heredoc that a single word opens, or None; raises `ExpansionError` for open quotes."""
    return _heredoc(ShellWord(text, 0, len(text)))


def find_heredocs(line: str) -> list[HeredocWord]:
    """The heredocs that a logical line opens, in order; a line that cannot be split opens none.

    Raises `ExpansionError` for a heredoc whose own name has open quotes.
    """
    try:
        words = split_shell_words(line)
    except ExpansionError:
        return []
    found = (_heredoc(word) for word in words if "<<" in word.text)
    return [heredoc for heredoc in found if heredoc is not None]


def chomp(content: str) -> str:
    """The body without the tabs at the start of its lines."""
    return re.sub(r"(?m)^\t+", "", content)


def _heredoc(word: ShellWord) -> HeredocWord | None:
    match = _HEREDOC.fullmatch(word.text)
    if match is None or not match[3]:
        return None
    plain = split_shell_words(match[3], raw=False)
    raw = split_shell_words(match[3])
    if len(plain) != 1 or len(raw) != 1:
        return None
    name = plain[0].text
    is_quoted = _quotes(raw[0].text) != _quotes(name)
    fd = int(match[1]) if match[1] and len(match[1]) < 10 else None
    return HeredocWord(name, not is_quoted, match[2] == "-", fd, word.start, word.end)


def _quotes(text: str) -> int:
    return text.count("'") + text.count('"')
