"""Owns the reading of Go templates, as far as people write them for docker's `--format`.

Fields, variables, pipelines, `if`, `range`, `with`, comments and trim markers are read into a small tree, which
`gotemplate_run` evaluates. It refuses what is beyond that (`define`, `template`, `block`, method calls) by name.

Specification: the syntax of Go's text/template, of which this is a subset.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from lithify.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

_HINT = "known: {{.Field}}, {{json .Field}}, {{if}}, {{range}}, {{with}}, {{join}}; or use --format json"
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>"(?:[^"\\\n]|\\.)*"|`[^`]*`)
    | (?P<number>[+-]?\d+(?:\.\d+)?)
    | (?P<path>\$\w*(?:\.\w+)*|(?:\.\w+)+|\.)
    | (?P<word>[A-Za-z_]\w*)
    | (?P<mark>:=|[()|,=])
    )""",
    re.VERBOSE,
)
_MOST_CHARACTERS = 64 * 1024
_DEEPEST = 64
_UNKNOWN = ("define", "template", "block", "break", "continue")


class Literal(NamedTuple):
    """A string, number or boolean, or nil."""

    value: str | int | float | bool | None


class Path(NamedTuple):
    """`.A.B` (variable ''), or `$x.A` (variable `$x`)."""

    variable: str
    fields: tuple[str, ...]


class Call(NamedTuple):
    """A function with its arguments."""

    name: str
    arguments: tuple[Expression, ...]


class Chain(NamedTuple):
    """`(expression).A.B`."""

    inner: Expression
    fields: tuple[str, ...]


Expression = Literal | Path | Call | Chain


class Text(NamedTuple):
    """What is written as it stands."""

    text: str


class Show(NamedTuple):
    """An expression that is written; with variables it is only assigned."""

    value: Expression
    variables: tuple[str, ...] = ()


class Branch(NamedTuple):
    """`if`, `with` or `range` over a value, and what comes otherwise."""

    kind: str
    value: Expression
    variables: tuple[str, ...]
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...]


Node = Text | Show | Branch


def parse_template(text: str) -> tuple[Node, ...]:
    """The tree of a template. Raises UsageError for what is not, or not here, a template."""
    if len(text) > _MOST_CHARACTERS:
        raise UsageError(f"--format: the template has more than {_MOST_CHARACTERS} characters")
    return _Parser(list(_pieces(text))).parse()


def wrong(what: str) -> UsageError:
    """The error of a template."""
    return UsageError(f"--format: {what}", hint=_HINT)


def _pieces(text: str) -> Iterator[tuple[bool, str]]:
    """(is it an action, its text), trim markers applied and comments left out."""
    at, trims = 0, False
    while (start := text.find("{{", at)) >= 0:
        before = text[at:start]
        end = _end_of_action(text, start)
        inner = text[start + 2 : end]
        if re.match(r"-\s", inner):
            before, inner = before.rstrip(), inner[1:]
        yield False, before.lstrip() if trims else before
        trims = bool(re.search(r"\s-\Z", inner))
        inner = inner[:-1].strip() if trims else inner.strip()
        if not (inner.startswith("/*") and inner.endswith("*/")):
            yield True, inner
        at = end + 2
    yield False, text[at:].lstrip() if trims else text[at:]


def _end_of_action(text: str, start: int) -> int:
    """Where `}}` is that is not within a string."""
    at = start + 2
    while at < len(text):
        if text.startswith("}}", at):
            return at
        quoted = re.compile(r'"(?:[^"\\\n]|\\.)*"|`[^`]*`').match(text, at)
        at = quoted.end() if quoted else at + 1
    raise wrong("unclosed action: {{ without }}")


class _Parser:
    def __init__(self, pieces: list[tuple[bool, str]]) -> None:
        self._pieces = pieces
        self._at = 0

    def parse(self) -> tuple[Node, ...]:
        nodes, ending = self._nodes(0)
        if ending:
            raise wrong(f"unexpected {{{{{ending}}}}}")
        return nodes

    def _nodes(self, depth: int) -> tuple[tuple[Node, ...], str]:
        """Nodes up to an `end` or `else`, and that word with what follows it."""
        if depth > _DEEPEST:
            raise wrong("the template is nested too deeply")
        nodes: list[Node] = []
        while self._at < len(self._pieces):
            is_action, text = self._pieces[self._at]
            self._at += 1
            word = text.split(maxsplit=1)[0] if is_action and text.split() else ""
            if not is_action:
                if text:
                    nodes.append(Text(text))
            elif word in ("end", "else"):
                return tuple(nodes), text
            elif word in ("if", "range", "with"):
                nodes.append(self._branch(text, depth))
            elif word in _UNKNOWN:
                raise wrong(f"{{{{{word}}}}} is not supported")
            else:
                variables, value = _statement(text)
                nodes.append(Show(value, variables))
        return tuple(nodes), ""

    def _branch(self, text: str, depth: int) -> Branch:
        kind, _, rest = text.partition(" ")
        variables, value = _statement(rest)
        body, ending = self._nodes(depth + 1)
        otherwise: tuple[Node, ...] = ()
        if ending.startswith("else"):
            more = ending[4:].strip()
            if more:
                return Branch(kind, value, variables, body, (self._branch(more, depth + 1),))
            otherwise, ending = self._nodes(depth + 1)
        if ending != "end":
            raise wrong(f"{{{{{kind}}}}} has no {{{{end}}}}")
        return Branch(kind, value, variables, body, otherwise)


def _statement(text: str) -> tuple[tuple[str, ...], Expression]:
    """Variables before `:=` or `=`, and the pipeline."""
    tokens = _tokens(text)
    variables: tuple[str, ...] = ()
    for mark in (("mark", ":="), ("mark", "=")):
        if mark in tokens:
            at = tokens.index(mark)
            variables = tuple(word for _, word in tokens[:at] if word != ",")
            if not variables or len(variables) > 2 or not all(_is_variable(v) for v in variables):
                raise wrong(f"cannot read {text!r}")
            tokens = tokens[at + 1 :]
            break
    reader = _Reader(tokens, text)
    return variables, reader.pipeline(0)


def _is_variable(text: str) -> bool:
    return text.startswith("$") and "." not in text


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise wrong(f"cannot read {text[at:]!r}")
        kind = str(match.lastgroup)
        tokens.append((kind, match[kind]))
        at = match.end()
    return tokens


class _Reader:
    """One action's tokens."""

    def __init__(self, tokens: list[tuple[str, str]], text: str) -> None:
        self._tokens = tokens
        self._text = text
        self._at = 0

    def pipeline(self, depth: int) -> Expression:
        """A chain of commands; each gets the value before it as its last argument."""
        value = self._command(depth)
        while self._peek() == ("mark", "|"):
            self._at += 1
            following = self._command(depth)
            if not isinstance(following, Call):
                raise wrong(f"{self._text!r}: only a function can follow '|'")
            value = Call(following.name, (*following.arguments, value))
        if depth == 0 and self._at < len(self._tokens):
            raise wrong(f"cannot read {self._text!r}")
        return value

    def _command(self, depth: int) -> Expression:
        kind, text = self._peek()
        if kind == "word" and text not in ("true", "false", "nil"):
            self._at += 1
            arguments = []
            while self._peek()[0] and self._peek() not in (("mark", "|"), ("mark", ")")):
                arguments.append(self._operand(depth))
            return Call(text, tuple(arguments))
        return self._operand(depth)

    def _operand(self, depth: int) -> Expression:
        kind, text = self._peek()
        self._at += 1
        if kind == "path":
            head, *fields = text.split(".")
            return Path(head, tuple(one for one in fields if one))
        if kind == "text":
            return Literal(text[1:-1] if text[0] == "`" else _unquoted(text))
        if kind == "number":
            return Literal(float(text) if "." in text else int(text))
        if kind == "word":
            words = {"true": True, "false": False, "nil": None}
            return Literal(words[text]) if text in words else Call(text, ())
        if (kind, text) == ("mark", "(") and depth < _DEEPEST:
            return self._parenthesis(depth)
        raise wrong(f"cannot read {self._text!r}")

    def _parenthesis(self, depth: int) -> Expression:
        inner = self.pipeline(depth + 1)
        if self._peek() != ("mark", ")"):
            raise wrong(f"{self._text!r} lacks a ')'")
        self._at += 1
        kind, text = self._peek()
        if kind == "path" and text.startswith(".") and len(text) > 1:
            self._at += 1
            return Chain(inner, tuple(text[1:].split(".")))
        return inner

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("", "")


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "'": "'"}


def _unquoted(text: str) -> str:
    def replaced(match: re.Match[str]) -> str:
        if match[1] not in _ESCAPES:
            raise wrong(f"unknown escape {match[0]} in {text}")
        return _ESCAPES[match[1]]

    return re.sub(r"\\(.)", replaced, text[1:-1])
