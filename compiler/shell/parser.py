"""Owns the reading of shell: a text becomes its simple commands, with the place of every word.

tree-sitter's grammar of bash does the reading, because it is quick and knows quotes, substitutions and heredocs;
nothing else imports it, and nothing imports it before the first script. It refuses to guess: what is no bash as a
whole has no commands. It refuses to execute or expand anything as well.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from lithify.compiler.shell.model import (
    Assignment,
    Command,
    Pipeline,
    Redirection,
    ShellWord,
    Syntax,
)

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_DECLARATIONS = frozenset(("declaration_command", "unset_command"))
_COMMANDS = _DECLARATIONS | {"command"}
_REDIRECTS = frozenset(("file_redirect", "heredoc_redirect", "herestring_redirect"))
_GROUPS = frozenset(("list", "pipeline", "negated_command"))
_NO_WORDS = frozenset(("comment", ";", "\n", "(", ")"))
_WORDS = frozenset(
    ("word", "string", "raw_string", "ansi_c_string", "number", "concatenation", "expansion",
     "simple_expansion", "command_substitution")
)  # fmt: skip
_HEREDOC = re.compile(r"""(?<!<)<<(-?)[ \t]*\\?(["']?)(\w+)\2""")
#: Of more, bodies are not looked into: where the grammar fails at each, the time is quadratic.
_MOST_HEREDOCS = 16
#: Longer scripts are not remembered, so that what is remembered stays small.
_LONGEST_KNOWN = 4096
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_ESCAPED = re.compile(r"\\(\n|.)", re.DOTALL)
_ESCAPED_IN_QUOTES = re.compile(r'\\(["$`\\\n])')


def parse_shell(text: str) -> Syntax:
    """Read a text as bash; one that is none is not readable and has no commands."""
    # An editor reads a file again at every keystroke, and only one script of it is new.
    return _known_syntax(text) if len(text) <= _LONGEST_KNOWN else _syntax(text)


@functools.lru_cache(maxsize=256)
def _known_syntax(text: str) -> Syntax:
    return _syntax(text)


def _syntax(text: str) -> Syntax:
    root = syntax_tree(text)
    return Syntax(is_readable=False) if root.has_error else _Reader(text).read(root)


def syntax_tree(text: str) -> Node:
    """The tree of a text as bash, with errors if it is none; its byte offsets are offsets of the text."""
    count = text.count("<<")
    root = _parse(text if count <= _MOST_HEREDOCS else _without_heredocs(text))
    if root.has_error and 0 < count <= _MOST_HEREDOCS:
        # The grammar knows heredocs only where they end a command's line.
        root = _parse(_without_heredocs(text))
    return root


def _parse(text: str) -> Node:
    # One byte for each character, so that the parser's offsets are those of the text.
    return _parser().parse(_NOT_ASCII.sub("x", text).encode("ascii")).root_node


def _without_heredocs(text: str) -> str:
    """The text with blanks where heredocs are; nothing moves."""
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        opened = list(_HEREDOC.finditer(lines[at]))
        lines[at] = _HEREDOC.sub(_blank, lines[at])
        at += 1
        for heredoc in opened:
            end = next((i for i in range(at, len(lines)) if _ends(lines[i], heredoc)), None)
            if end is None:
                return text
            for index in range(at, end + 1):
                lines[index] = " " * len(lines[index])
            at = end + 1
    return "\n".join(lines)


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _ends(line: str, heredoc: re.Match[str]) -> bool:
    return (line.lstrip("\t") if heredoc[1] else line) == heredoc[3]


@functools.cache
def _parser() -> Parser:
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


class _Reader:
    """Gathers the commands of one tree."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._commands: list[Command] = []
        self._pipelines: list[Pipeline] = []
        self._open_commands: list[tuple[int, int]] = []
        self._open_pipelines: list[tuple[int, int]] = []
        self._redirected: dict[int, Node] = {}

    def read(self, root: Node) -> Syntax:
        """Pass every node once, a parent before its children."""
        cursor = root.walk()
        while True:
            self._visit(cursor.node)  # type: ignore[arg-type]
            if cursor.goto_first_child():
                continue
            while not cursor.goto_next_sibling():
                if not cursor.goto_parent():
                    return Syntax(tuple(self._commands), tuple(self._pipelines))

    def _visit(self, node: Node) -> None:
        kind = node.type
        if kind in _COMMANDS:
            self._command(node, kind)
        elif kind == "pipeline":
            self._pipelines.append(Pipeline(node.start_byte, node.end_byte))
            self._open_pipelines.append((len(self._pipelines) - 1, node.end_byte))
        elif kind == "redirected_statement":
            self._find_redirected(node)

    def _find_redirected(self, node: Node) -> None:
        """Remember the command that redirections belong to: the last one before them."""
        body = node.child_by_field_name("body")
        while body is not None and body.type in _GROUPS:
            body = body.named_children[-1] if body.named_children else None
        if body is not None and body.type in _COMMANDS:
            self._redirected[body.start_byte] = node

    def _redirect(self, node: Node, found: list[Redirection], words: list[ShellWord]) -> None:
        """One redirection; words of the command behind it count as a part of it."""
        parts = [one for one in node.children if one.type != "file_descriptor"]
        if len(parts) > 1:
            found.append(Redirection(self._slice(parts[0]), self._word(parts[1])))
        for part in parts[2:]:
            if part.type in _REDIRECTS:
                self._redirect(part, found, words)
            elif part.type in _WORDS:
                words.append(self._word(part))

    def _command(self, node: Node, kind: str) -> None:
        assignments: list[Assignment] = []
        words: list[ShellWord] = []
        redirections: list[Redirection] = []
        around = self._redirected.pop(node.start_byte, None)
        for child in (*node.children, *(around.children[1:] if around else ())):
            part = child.type
            if part == "variable_assignment" and not words and kind == "command":
                assignments.append(self._assignment(child))
            elif part == "command_name":
                words.append(self._word(child.children[0] if child.children else child))
            elif part in _REDIRECTS:
                self._redirect(child, redirections, words)
            elif part not in _NO_WORDS:
                words.append(self._word(child))
        if not words:
            return
        start = node.start_byte
        outer = _innermost(self._open_commands, start)
        pipeline = _innermost(self._open_pipelines, start)
        self._open_commands.append((len(self._commands), node.end_byte))
        head, *arguments = words
        self._commands.append(
            Command(
                head.text, tuple(arguments), start, words[-1].end, head,
                tuple(assignments), tuple(redirections), outer, pipeline,
            )
        )  # fmt: skip

    def _assignment(self, node: Node) -> Assignment:
        name, *rest = node.children
        value = "".join(self._word(one).text for one in rest[1:])
        return Assignment(self._slice(name), value, node.start_byte, node.end_byte)

    def _slice(self, node: Node) -> str:
        return self._text[node.start_byte : node.end_byte]

    def _word(self, node: Node) -> ShellWord:
        parts = node.children if node.type in ("concatenation", "variable_assignment") else [node]
        texts: list[str] = []
        is_literal = True
        at = node.start_byte
        for part in parts:
            text, is_fixed = self._part(part)
            texts += (self._text[at : part.start_byte], text)
            is_literal &= is_fixed
            at = part.end_byte
        return ShellWord("".join(texts), node.start_byte, node.end_byte, is_literal)

    def _part(self, node: Node) -> tuple[str, bool]:
        """The text of a part of a word, and whether it is what the program gets."""
        raw = self._slice(node)
        match node.type:
            case "word" | "variable_name" | "number":
                return (_ESCAPED.sub(_escaped, raw) if "\\" in raw else raw), True
            case "raw_string":
                return raw[1:-1], True
            case "ansi_c_string":
                return raw[2:-1], True
            case "string" | "translated_string":
                return self._string(node)
            case "simple_expansion":
                # Blanks before it count as a part of it.
                before, _, name = raw.partition("$")
                return f"{before}${{{name}}}", False
            case _:
                return raw, not node.is_named

    def _string(self, node: Node) -> tuple[str, bool]:
        if node.type == "translated_string":
            node = node.children[-1]
        texts: list[str] = []
        is_literal = True
        at = node.start_byte + 1
        for child in node.children[1:-1]:
            # Blanks between expansions have no node of their own.
            texts.append(self._text[at : child.start_byte])
            if child.type == "string_content":
                texts.append(_ESCAPED_IN_QUOTES.sub(_escaped, self._slice(child)))
            else:
                text, is_fixed = self._part(child)
                texts.append(text)
                is_literal &= is_fixed
            at = child.end_byte
        texts.append(self._text[at : node.end_byte - 1])
        return "".join(texts), is_literal


def _escaped(match: re.Match[str]) -> str:
    """The character that a backslash protects; it makes a line end vanish."""
    return "" if match[1] == "\n" else match[1]


def _innermost(opened: list[tuple[int, int]], at: int) -> int:
    """The number of the innermost of what is open at an offset; what has ended is forgotten."""
    while opened and opened[-1][1] <= at:
        opened.pop()
    return opened[-1][0] if opened else -1
