"""Owns the tree of a Dockerfile: a closed set of typed instructions with exact spans.

It exists so that everything after the parser works on values, never on text; it holds what was written,
before any variable is expanded. It refuses behaviour: nodes are plain data.

A `Word.text` is the reference's view of a word: continuations joined, quotes and escapes kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.values import dataclass, field

if TYPE_CHECKING:
    from lithify.errors import SourceError, SourceText, Span


@dataclass(frozen=True, slots=True)
class Word:
    """A piece of an instruction as written; the span may cross line continuations."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Flag:
    """`--name` or `--name=value`; quotes of the value already removed."""

    name: str
    value: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class Heredoc:
    """One heredoc: `content` is the raw body (`chomp` says that tabs are to be removed)."""

    name: str
    content: str
    expand: bool
    chomp: bool
    fd: int | None
    span: Span
    body_span: Span


@dataclass(frozen=True, slots=True)
class Comment:
    """A whole comment line, text without `#` and surrounding blanks."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Directive:
    """A parser directive such as `# escape=`; `name` in lower case."""

    name: str
    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class ShellForm:
    """A command for the shell in effect."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class ExecForm:
    """A JSON array: an argument vector."""

    args: tuple[str, ...]
    span: Span


Command = ShellForm | ExecForm


@dataclass(frozen=True, slots=True)
class KeyValue:
    """One pair of ENV or LABEL; `legacy` marks the form `KEY value`."""

    key: Word
    value: Word
    legacy: bool


@dataclass(frozen=True, slots=True)
class ArgDeclaration:
    """One `NAME` or `NAME=default` of ARG."""

    name: Word
    default: Word | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """What all instructions have: the keyword as written, flags, heredocs, comments just above."""

    keyword: Word
    span: Span
    flags: tuple[Flag, ...] = ()
    heredocs: tuple[Heredoc, ...] = ()
    comments: tuple[Comment, ...] = ()
    #: The arguments as one string after flags, continuations joined (heredoc bodies not included).
    rest: str = ""

    @property
    def name(self) -> str:
        """Keyword in upper case."""
        return self.keyword.text.upper()

    def flag(self, name: str) -> Flag | None:
        return next((flag for flag in self.flags if flag.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class From(Instruction):
    image: Word
    as_keyword: Word | None = None
    alias: Word | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Instruction):
    command: Command


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyLike(Instruction):
    """COPY or ADD; heredoc sources stay in `sources` as their `<<NAME` words."""

    sources: tuple[Word, ...]
    destination: Word
    json: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy(CopyLike):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Add(CopyLike):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Arg(Instruction):
    declarations: tuple[ArgDeclaration, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Env(Instruction):
    pairs: tuple[KeyValue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Label(Instruction):
    pairs: tuple[KeyValue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cmd(Instruction):
    command: Command


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrypoint(Instruction):
    command: Command


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell(Instruction):
    command: ExecForm


@dataclass(frozen=True, slots=True, kw_only=True)
class Expose(Instruction):
    ports: tuple[Word, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume(Instruction):
    paths: tuple[Word, ...]
    json: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Workdir(Instruction):
    path: Word


@dataclass(frozen=True, slots=True, kw_only=True)
class User(Instruction):
    user: Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopsignal(Instruction):
    signal: Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Healthcheck(Instruction):
    """`command` is None for NONE."""

    kind: Word
    command: Command | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintainer(Instruction):
    author: Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Onbuild(Instruction):
    """`trigger` is the text stored in an image's config, heredoc bodies re-appended.

    `inner_keyword` and `inner_words` are the reference parser's view of the trigger; it is parsed as an
    instruction, and validated, only when it fires.
    """

    trigger: str
    inner_keyword: Word
    inner_flags: tuple[str, ...]
    inner_words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """A whole file: everything that could be read, and the errors of what could not."""

    source: SourceText
    escape: str
    directives: tuple[Directive, ...]
    instructions: tuple[Instruction, ...]
    comments: tuple[Comment, ...]
    errors: tuple[SourceError, ...] = ()
    #: Spans of instructions with a blank line inside a continuation.
    empty_continuations: tuple[Span, ...] = field(default=())
