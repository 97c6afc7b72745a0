r"""Owns quoting and `${...}`: a word as written plus an environment gives the text that is meant.

It is written by hand because quotes, escapes and nested substitutions change the meaning of single
characters; one cursor that recurses says this more plainly than a grammar. It refuses to know where
a word stands: an `ExpansionError` carries no span, the caller adds one.

Specification: sections 2.1 and 2.2 (words), 1.7 (bodies of heredocs).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.errors import SourceError
from lithify.grammar.pattern import MOST_CHARACTERS, PatternError, replace, trim
from lithify.grammar.source import WHITE_SPACE
from lithify.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

_SPECIAL_NAMES = frozenset("@*#?-$!0")
_MODIFIERS = frozenset("+-?#%")
_MOST_NESTED = 60
_GO_ESCAPES = {
    '"': '\\"', "\\": "\\\\", "\a": "\\a", "\b": "\\b", "\f": "\\f",
    "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v",
}  # fmt: skip
_END = ""


class ExpansionError(SourceError):
    """A word that cannot be expanded; the message names the whole word."""


@dataclass(frozen=True, slots=True)
class Expansion:
    """`value` and the variables that were looked up: those found and those not."""

    value: str
    missing: frozenset[str] = frozenset()
    used: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ShellWord:
    """A word and where it stood in the text it was split from (code points, half-open)."""

    text: str
    start: int
    end: int


def expand(text: str, env: Mapping[str, str], escape: str = "\\") -> Expansion:
    """Remove quotes and replace variables; the result stays one string.

    Raises `ExpansionError` for an unclosed quote or brace, an unknown operator, an invalid pattern
    and for `${name?}` of an unset name.
    """
    if not _special(escape).search(text):
        return Expansion(text)
    expander = _Expander(text, env, escape)
    value = expander.run()
    return Expansion(value, frozenset(expander.missing), frozenset(expander.used))


def expand_words(text: str, env: Mapping[str, str], escape: str = "\\") -> tuple[str, ...]:
    """Like `expand`, then split at blanks that were not quoted, those of values included."""
    words = _Words()
    _Expander(text, env, escape, words=words).run()
    return tuple(word.text for word in words.finish())


def expand_heredoc(body: str, env: Mapping[str, str]) -> Expansion:
    r"""Replace variables of a heredoc's body: quotes mean nothing, `\` is always the escape.

    Raises `ExpansionError` as `expand` does.
    """
    expander = _Expander(body, env, "\\", quotes=False)
    value = expander.run()
    return Expansion(value, frozenset(expander.missing), frozenset(expander.used))


def split_shell_words(text: str, *, raw: bool = True) -> list[ShellWord]:
    r"""Split a line as a shell would, replacing nothing; `raw` keeps quotes and escapes.

    The escape is always `\`; blanks after `<<` belong to the word. Raises `ExpansionError`.
    """
    words = _Words()
    _Expander(text, {}, "\\", raw=raw, keep_unset=True, words=words).run()
    return words.finish()


def quoted(text: str) -> str:
    """The text in double quotes, as messages of the reference show it."""
    return '"' + "".join(_quoted_character(character) for character in text) + '"'


def _quoted_character(character: str) -> str:
    if character in _GO_ESCAPES:
        return _GO_ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _special(escape: str) -> re.Pattern[str]:
    return _SPECIAL_BACKTICK if escape == "`" else _SPECIAL_BACKSLASH


_RUN = re.compile(f"[{WHITE_SPACE}]+|[^{WHITE_SPACE}]+")
_SPECIAL_BACKSLASH = re.compile("[\"'$\\\\\ufeff]")
_SPECIAL_BACKTICK = re.compile("[\"'$`\ufeff]")


class _Words:
    """Collects the split form of a text while its joined form is made."""

    def __init__(self) -> None:
        self._done: list[ShellWord] = []
        self._parts: list[str] = []
        self._start = 0
        self._end = 0

    def add(self, text: str, start: int, end: int) -> None:
        """Text in which blanks separate; its characters are placed one by one if they can be."""
        is_literal = len(text) == end - start
        for run in _RUN.finditer(text):
            if run[0][0] not in WHITE_SPACE:
                at = start + run.start() if is_literal else start
                self.add_whole(run[0], at, at + len(run[0]) if is_literal else end)
            elif self._parts:
                self._close()

    def add_whole(self, text: str, start: int, end: int) -> None:
        """Text that belongs together whatever it holds; an empty one makes no word."""
        if not text:
            return
        if not self._parts:
            self._start = start
        self._parts.append(text)
        self._end = end

    def _close(self) -> None:
        self._done.append(ShellWord("".join(self._parts), self._start, self._end))
        self._parts = []

    def finish(self) -> list[ShellWord]:
        if self._parts:
            self._close()
        return self._done


class _Expander:
    """One pass over one text. `at` is the cursor; a peek at the end is the empty string."""

    def __init__(
        self,
        text: str,
        env: Mapping[str, str],
        escape: str,
        *,
        quotes: bool = True,
        raw: bool = False,
        keep_unset: bool = False,
        words: _Words | None = None,
    ) -> None:
        self.source = text
        self.text = text
        self.at = 1 if text.startswith("\ufeff") else 0
        self.env = env
        self.escape = escape
        self.quotes = quotes
        self.raw = raw
        self.keep_unset = keep_unset
        self.depth = 0
        self.growth = 0
        self.missing: set[str] = set()
        self.used: set[str] = set()
        self.words = words
        specials = escape + "$" + ("'\"" if quotes else "") + ("<" if keep_unset else "")
        self._plain = re.compile(f"[^{re.escape(specials)}]+")

    def run(self) -> str:
        try:
            return self._run()
        except (ExpansionError, PatternError) as error:
            raise ExpansionError(f"failed to process {quoted(self.source)}: {error}") from None

    def _run(self) -> str:
        result: list[str] = []
        while (character := self._peek()) != _END:
            start = self.at
            if plain := self._plain.match(self.text, start):
                self.at = plain.end()
                piece = plain[0]
            else:
                piece = self._special_piece(character, self.raw)
            result.append(piece)
            if self.words is not None:
                is_split = plain is not None or character == "$"
                add = self.words.add if is_split else self.words.add_whole
                add(piece, start, self.at)
        return "".join(result)

    def _special_piece(self, character: str, raw: bool) -> str:
        """What stands at the cursor and is not plain text."""
        if character == "$":
            return self._dollar()
        if character == "<" and self.keep_unset:
            return self._redirection()
        if self.quotes and character == "'":
            return self._single_quoted()
        if self.quotes and character == '"':
            return self._double_quoted(raw)
        if character == self.escape:
            return self._escaped(raw)
        self.at += 1
        return character

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _next(self) -> str:
        character = self.text[self.at : self.at + 1]
        self.at += 1
        return character

    def _until(self, stop: str, raw: bool) -> str:
        """Expanded text up to an unquoted `stop`, which is consumed."""
        self.depth += 1
        if self.depth > _MOST_NESTED:
            raise ExpansionError(f"substitutions nested more than {_MOST_NESTED} deep")
        result: list[str] = []
        while (character := self._peek()) != stop:
            if character == _END:
                missing = "missing '}'" if stop == "}" else "missing '/' in ${}"
                raise ExpansionError(f"syntax error: {missing}")
            result.append(self._special_piece(character, raw))
        self.at += 1
        self.depth -= 1
        return "".join(result)

    def _escaped(self, raw: bool) -> str:
        self.at += 1
        return (self.escape if raw else "") + self._next()

    def _redirection(self) -> str:
        """`<`, or `<<` with the blanks that follow it."""
        start = self.at
        self.at += 1
        if self._peek() == "<":
            self.at += 1
            while self._peek() != _END and self._peek() in WHITE_SPACE:
                self.at += 1
        return self.text[start : self.at]

    def _single_quoted(self) -> str:
        end = self.text.find("'", self.at + 1)
        if end < 0:
            self.at = len(self.text)
            raise ExpansionError(
                "unexpected end of statement while looking for matching single-quote"
            )
        inner = self.text[self.at + 1 : end]
        self.at = end + 1
        return f"'{inner}'" if self.raw else inner

    def _double_quoted(self, raw: bool) -> str:
        self.at += 1
        result: list[str] = []
        while (character := self._peek()) != '"':
            if character == _END:
                raise ExpansionError(
                    "unexpected end of statement while looking for matching double-quote"
                )
            if character == "$":
                result.append(self._dollar())
                continue
            self.at += 1
            if character == self.escape:
                if raw:
                    result.append(character)
                following = self._peek()
                if following == _END:
                    continue
                if following in ('"', "$", self.escape):
                    character = self._next()
            result.append(character)
        self.at += 1
        inner = "".join(result)
        return f'"{inner}"' if self.raw else inner

    def _dollar(self) -> str:
        self.at += 1
        if self._peek() != "{":
            name = self._name()
            if not name:
                return "$"
            value = self._lookup(name)
            return f"${name}" if value is None and self.keep_unset else value or ""
        self.at += 1
        following = self._peek()
        if following == _END:
            raise ExpansionError("syntax error: missing '}'")
        if following in "{}:":
            raise ExpansionError("syntax error: bad substitution")
        return self._braced(self._name())

    def _name(self) -> str:
        start = self.at
        first = self._peek()
        if first.isdecimal():
            while self._peek().isdecimal():
                self.at += 1
        elif first != _END and first in _SPECIAL_NAMES:
            self.at += 1
        else:
            while (
                (character := self._peek()) == "_" or character.isalpha() or character.isdecimal()
            ):
                self.at += 1
        return self.text[start : self.at]

    def _lookup(self, name: str) -> str | None:
        value = self.env.get(name)
        (self.missing if value is None else self.used).add(name)
        return value if value is None else self._grown(value)

    def _grown(self, value: str) -> str:
        """A value that gets into the word: variables made of variables grow without end."""
        self.growth += len(value)
        if self.growth > MOST_CHARACTERS:
            raise ExpansionError(f"variables add more than {MOST_CHARACTERS} characters")
        return value

    def _braced(self, name: str) -> str:
        """The rest of `${name...}`."""
        operator = self._next()
        if operator == "}":
            value = self._lookup(name)
            return f"${{{name}}}" if value is None and self.keep_unset else value or ""
        if operator == _END:
            raise ExpansionError("syntax error: missing '}'")
        if operator == "/":
            return self._replaced(name)
        if operator != ":" and operator not in _MODIFIERS:
            raise ExpansionError(f"unsupported modifier ({operator}) in substitution")
        if operator == ":":
            operator += self._next()
        word = self._until("}", raw=operator in ("#", "%"))
        value = self._lookup(name)
        if value is None and self.keep_unset:
            return f"${{{name}{operator}{word}}}"
        return self._modified(name, value, operator, word)

    def _modified(self, name: str, value: str | None, operator: str, word: str) -> str:
        is_absent = value is None or (operator.startswith(":") and not value)
        match operator:
            case "-" | ":-":
                return word if is_absent else value or ""
            case "+" | ":+":
                return "" if is_absent else word
            case "?" | ":?":
                if is_absent:
                    state = "unset" if value is None else "empty"
                    raise ExpansionError(f"{name}: {word or f'is not allowed to be {state}'}")
                return value or ""
            case "#" | "%":
                return trim(value or "", operator, word)
        raise ExpansionError(f"unsupported modifier ({operator}) in substitution")

    def _replaced(self, name: str) -> str:
        """The rest of `${name/pattern/text}` or `${name//pattern/text}`."""
        is_all = self._peek() == "/"
        if is_all:
            self.at += 1
        pattern = self._until("/", raw=True)
        replacement = self._until("}", raw=True)
        value = self._lookup(name)
        if value is None and self.keep_unset:
            return f"${{{name}/{pattern}/{replacement}}}"
        return self._grown(replace(value or "", pattern, replacement, every=is_all))
