"""Owns the colours of shell: every piece of a script with what it is, for editors.

The commands of a script are not enough for that: quotes, operators and comments count as well, and a script that is
being written is seldom whole, so what can be read of a broken one is coloured too. It refuses to know colours.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from lithify.compiler.shell.parser import syntax_tree

if TYPE_CHECKING:
    from tree_sitter import Node

_KEYWORDS = frozenset(
    ("if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac",
     "in", "function", "select", "export", "local", "readonly", "declare", "typeset", "unset")
)  # fmt: skip
_OPERATORS = frozenset(
    ("&&", "||", "|", "|&", ";", ";;", "&", "!", ">", ">>", "<", "<<", "<<-", "<<<", "2>", ">&",
     "<&", "&>", "&>>", ">|", "[[", "]]", "[", "]", "=", "==", "!=", "(", ")", "((", "))", "{",
     "}")
)  # fmt: skip
_WHOLE = {
    "comment": "comment",
    "raw_string": "string",
    "ansi_c_string": "string",
    "string_content": "string",
    "heredoc_body": "string",
    "heredoc_start": "string",
    "heredoc_end": "string",
    "number": "number",
    "file_descriptor": "number",
    "variable_name": "variable",
    "special_variable_name": "variable",
    "regex": "string",
}


class ShellToken(NamedTuple):
    """A piece of a script; offsets in its text. `kind` is a word of `KINDS`."""

    start: int
    end: int
    kind: str


@lru_cache(maxsize=512)
def shell_tokens(text: str) -> tuple[ShellToken, ...]:
    """The pieces of a script in order, none overlapping; what means nothing by itself is left out."""
    found: list[ShellToken] = []
    _gather(syntax_tree(text), found)
    return tuple(found)


def _gather(root: Node, found: list[ShellToken]) -> None:
    # A walk with a stack of its own: the depth of hostile scripts is theirs to choose.
    waiting = [(root, "")]
    while waiting:
        node, role = waiting.pop()
        kind = _kind(node, role)
        if kind:
            found.append(ShellToken(node.start_byte, node.end_byte, kind))
            continue
        waiting += reversed([(child, _role(node, child, role)) for child in node.children])


def _role(parent: Node, child: Node, role: str) -> str:
    """What a word is because of where it stands."""
    if parent.type == "command_name":
        return "function"
    if parent.type == "command" and child.type in ("word", "concatenation"):
        return "argument"
    return role if parent.type == "concatenation" else ""


def _kind(node: Node, role: str) -> str:
    name = node.type
    if name == "heredoc_body" and node.child_count:
        return ""
    if name in _WHOLE:
        return _WHOLE[name]
    if name in ("word", "extglob_pattern"):
        return role if role == "function" else _argument(node, role)
    if name == '"':
        return "string"
    if node.is_named:
        return ""
    if name in _KEYWORDS:
        return "keyword"
    return "operator" if name in _OPERATORS else ""


def _argument(node: Node, role: str) -> str:
    is_option = node.text is not None and node.text[:1] == b"-" and len(node.text) > 1
    return "parameter" if role == "argument" and is_option else ""
