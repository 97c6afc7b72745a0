"""Owns the use of lark: bodies of instructions become words with their places, files become trees.

Nothing else imports lark, and nothing imports it before the first body that is not `plain`. Its tables are
kept under the user's cache directory, because making them takes longer than parsing a file. It
refuses to stop at the first mistake: one bad instruction does not hide the others.

Specification: sections 1.3 to 1.10.
"""

from __future__ import annotations

import functools
import os
import stat
from typing import TYPE_CHECKING

from lithify.errors import SourceError
from lithify.grammar import plain
from lithify.grammar.directives import read_directives
from lithify.grammar.file import read_file, read_parts, read_trigger
from lithify.grammar.plain import Piece
from lithify.values import dataclass

if TYPE_CHECKING:
    from pathlib import Path

    from lark import Lark, Token, Tree

    from lithify.errors import SourceText, Span
    from lithify.grammar.ast import Dockerfile, Instruction
    from lithify.grammar.statement import Statement

_STARTS = ("flags", "words", "pair", "fields", "image", "array", "record")
#: Longer bodies are not remembered, so that what is remembered stays small.
_LONGEST_KNOWN = 2048
_SWAP_ESCAPES = str.maketrans("\\`", "`\\")

#: Options of a `--mount` in the order written; a bare word has no value.
MountOptions = tuple[tuple[str, str | None], ...]


def parse(source: SourceText) -> Dockerfile:
    """Parse a whole file; never raises for bad text, whose mistakes are in `Dockerfile.errors`."""
    directives = read_directives(source)
    return read_file(source, directives, BodyParser(directives.escape))


def parse_parts(source: SourceText) -> tuple[Dockerfile, tuple[Statement, ...]]:
    """Parse a whole file, and keep the statement that each instruction was made of.

    Statements hold what the tree leaves out: the logical line and where words stand in it.
    """
    directives = read_directives(source)
    return read_parts(source, directives, BodyParser(directives.escape))


def parse_trigger(text: str, source: SourceText, span: Span) -> Instruction:
    """Parse an ONBUILD trigger of a base image; every place in it is `span`, that of the FROM.

    Raises `SourceError` when it is not exactly one valid instruction (section 3.12).
    """
    return read_trigger(text, source, span, BodyParser("\\"))


def parse_mount(value: str, span: Span | None = None) -> MountOptions:
    """Split the value of `--mount` into keys, in lower case, and values (sections 0 and 3.2).

    Raises `SourceError` for a bad record; which keys and values make sense is not decided here.
    """
    return BodyParser("\\").mount(value, span)


@dataclass(frozen=True, slots=True)
class BodyParser:
    """The grammar's start symbols as methods, for one escape character."""

    escape: str

    def flags(self, text: str) -> tuple[list[Piece], int]:
        """Flags with quotes and escapes removed, and where the arguments start."""
        if not text.startswith("--"):
            return [], 0
        if (found := plain.flags(text)) is not None:
            return found
        pieces: list[Piece] = []
        for token in self._tokens("flags", self._translated(text)):
            start, end = _place(token)
            if token.type != "FLAG":
                return pieces, start
            pieces.append(Piece(self._unquoted(text[start:end]), start, end))
        return pieces, len(text)

    def words(self, text: str) -> list[Piece]:
        """Words of ENV, LABEL and ARG, quotes and escapes kept."""
        found = plain.words(text)
        return self._pieces("words", text, self._translated(text)) if found is None else found

    def fields(self, text: str) -> list[Piece]:
        """Words between ASCII blanks."""
        found = plain.fields(text)
        return self._pieces("fields", text, text) if found is None else found

    def pair(self, text: str) -> list[Piece]:
        """A first field and, when there is one, everything after it."""
        return self._pieces("pair", text, text)

    def image(self, text: str) -> list[Piece] | None:
        """The one or three words of FROM, or None."""
        if (found := plain.image(text)) is not None:
            return found
        from lark.exceptions import UnexpectedInput

        try:
            return self._pieces("image", text, text)
        except UnexpectedInput:
            return None

    def array(self, text: str) -> list[Piece | None] | None:
        """Strings of a JSON array, None for elements of other types; None for what is not JSON."""
        if not text.startswith("["):
            return None
        if (found := plain.array(text)) is not None:
            return list(found)
        from lark.exceptions import UnexpectedInput

        try:
            tree = _tree(text, "array")
        except UnexpectedInput:
            return None
        return [_json_string(child) for child in tree.children]

    def mount(self, text: str, span: Span | None) -> MountOptions:
        """Keys, in lower case, and values of a CSV record; raises `SourceError`."""
        options: list[tuple[str, str | None]] = []
        for field in self.record(text, span):
            key, equals, value = field.partition("=")
            options.append((key.lower(), value if equals else None))
        return tuple(options)

    def record(self, text: str, span: Span | None) -> list[str]:
        """Fields of one CSV record; raises `SourceError`."""
        if (found := plain.record(text)) is not None:
            return found
        from lark.exceptions import UnexpectedInput

        if not text:
            raise SourceError("failed to parse csv mounts: EOF", span=span)
        try:
            tree = _tree(text, "record")
        except UnexpectedInput as error:
            field = text.rfind(",", 0, error.pos_in_stream) + 1
            is_quoted = text.startswith('"', field)
            reason = "extraneous or missing" if is_quoted else "bare"
            where = "in quoted-field" if is_quoted else "in non-quoted field"
            raise SourceError(
                f"failed to parse csv mounts: "
                f'parse error on line 1, column {error.column}: {reason} " {where}',
                span=span,
            ) from None
        fields = ["".join(map(str, _children(child))) for child in tree.children]
        return [
            field[1:-1].replace('""', '"') if field.startswith('"') else field for field in fields
        ]

    def _translated(self, text: str) -> str:
        return text.translate(_SWAP_ESCAPES) if self.escape == "`" else text

    def _tokens(self, start: str, text: str) -> list[Token]:
        return [child for child in _tree(text, start).children if isinstance(child, str)]

    def _pieces(self, start: str, text: str, translated: str) -> list[Piece]:
        places = map(_place, self._tokens(start, translated))
        return [Piece(text[begin:end], begin, end) for begin, end in places]

    def _unquoted(self, flag: str) -> str:
        """The flag as meant: quotes removed, the escape takes the next character as it is."""
        if self.escape not in flag and "'" not in flag and '"' not in flag:
            return flag
        result: list[str] = []
        quote = ""
        characters = iter(flag)
        for character in characters:
            if character == self.escape:
                result.append(next(characters, ""))
            elif character == quote:
                quote = ""
            elif not quote and character in "'\"":
                quote = character
            else:
                result.append(character)
        return "".join(result)


def _children(child: Token | Tree[Token]) -> list[Token | Tree[Token]]:
    return [] if isinstance(child, str) else child.children


def _place(token: Token) -> tuple[int, int]:
    start = token.start_pos or 0
    return start, start + len(token)


def _json_string(child: Token | Tree[Token]) -> Piece | None:
    if not isinstance(child, str) or child.type != "STRING":
        return None
    start, end = _place(child)
    text = str(child[1:-1])
    if "\\" in text:
        import json

        text = json.loads(child).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return Piece(text, start, end)


def _tree(text: str, start: str) -> Tree[Token]:
    """The tree of a body; nobody changes one. Raises UnexpectedInput."""
    # An editor reads a file again at every keystroke, and only one body of it is new.
    return _known_tree(text, start) if len(text) <= _LONGEST_KNOWN else _lark().parse(text, start)


@functools.lru_cache(maxsize=2048)
def _known_tree(text: str, start: str) -> Tree[Token]:
    return _lark().parse(text, start)


@functools.cache
def _lark() -> Lark:
    """The compiled grammar; made once in a process, and once for a user."""
    from pathlib import Path

    from lark import Lark, __version__

    text = Path(__file__).with_name("dockerfile.lark").read_text(encoding="utf-8")
    cache = _cache_file(text, __version__) or False
    return Lark(text, parser="lalr", start=list(_STARTS), cache=cache)


def _cache_file(grammar: str, version: str) -> str | None:
    """Where lark may keep its tables; None unless the place is ours alone, for they are a pickle."""
    import hashlib
    import sys
    from pathlib import Path

    home = os.environ.get("XDG_CACHE_HOME", "")
    folder = Path(home if os.path.isabs(home) else os.path.expanduser("~/.cache")) / "lithify"
    name = hashlib.sha256(f"{version}\n{sys.version}\n{grammar}".encode()).hexdigest()[:32]
    path = folder / f"grammar-{name}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_private = _is_private(folder) and (not path.exists() or _is_own_file(path))
    except (OSError, RuntimeError):
        return None
    return str(path) if is_private and os.access(folder, os.W_OK) else None


def _is_private(folder: Path) -> bool:
    status = folder.lstat()
    return (
        stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o022
    )


def _is_own_file(path: Path) -> bool:
    status = path.lstat()
    return stat.S_ISREG(status.st_mode) and status.st_uid == os.getuid()
