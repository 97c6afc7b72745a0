"""Owns COPY and ADD: sources of all kinds, the destination, owner and mode.

One module for both, since they differ only in remote sources, archives and `--from`. It refuses to look at files:
whether a source exists is found out when its content is.

Specification: sections 1.7 (use in COPY/ADD), 3.3, 3.4 and 3.5.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.dependencies import instruction_needs
from lithify.compiler.lower import remote
from lithify.compiler.lower.context import Change
from lithify.compiler.paths import absolute_path, clean_path, destination_path
from lithify.compiler.plan import (
    ContextTree,
    CopyOp,
    InlineSource,
    Source,
    Tree,
    TreeSource,
)
from lithify.errors import SourceError
from lithify.grammar.ast import Add, CopyLike, Heredoc, Word
from lithify.grammar.heredoc import chomp, parse_heredoc_word
from lithify.grammar.words import ExpansionError, expand_heredoc
from lithify.values import dataclass

if TYPE_CHECKING:
    from lithify.compiler.lower.context import Lowering
    from lithify.compiler.state import StageState
    from lithify.errors import Span

_OCTAL = re.compile(r"[0-7]+\Z")
_CLAUSE = re.compile(r"[ugoa]*(?:[-+=](?:[rwxXst]*|[ugo]))+\Z")
_MOST_MODE = 0o7777
_PIVOT = "/./"


@dataclass(frozen=True, slots=True)
class _Flags:
    """The flags of a COPY or ADD after expansion."""

    chown: str
    chmod: str
    checksum: str
    exclude: tuple[str, ...]
    link: bool
    parents: bool
    unpack: bool | None
    keep_git_dir: bool | None


def lower_copy(instruction: CopyLike, state: StageState, lowering: Lowering) -> Change:
    """Copy files into the stage. Raises SourceError at the word or flag."""
    flags = _read_flags(instruction, state, lowering)
    words, heredocs = _split_sources(instruction)
    tree = _tree(instruction, lowering)
    values = [(lowering.expand(word, state), word.span) for word in words]
    _check_checksum(instruction, values, flags)
    paths = [_source(instruction, value, span, tree, flags) for value, span in values]
    inline = [_inline(heredoc, state) for heredoc in heredocs]
    destination = lowering.expand(instruction.destination, state)
    op = CopyOp(
        instruction.name,
        (*paths, *inline),
        destination_path(destination, state.working_dir),
        flags.chown,
        flags.chmod,
        flags.exclude,
        flags.parents,
        flags.link,
        flags.unpack,
    )
    shown = [value for value, _ in values] + [f"<<{one.name}" for one in heredocs] + [destination]
    text = " ".join((instruction.name, *_shown_flags(flags), *shown, "# buildkit"))
    return Change(state.noting(text, has_layer=True), op)


def _shown_flags(flags: _Flags) -> tuple[str, ...]:
    parents = ("--parents",) if flags.parents else ()
    chown = (f"--chown={flags.chown}",) if flags.chown else ()
    chmod = (f"--chmod={flags.chmod}",) if flags.chmod else ()
    return (*parents, *chown, *chmod)


def _read_flags(instruction: CopyLike, state: StageState, lowering: Lowering) -> _Flags:
    chmod = _expanded_flag(instruction, "chmod", state, lowering)
    if chmod and not is_mode(chmod):
        raise SourceError(
            f"invalid chmod parameter: '{chmod}'. it should be octal string and between 0 and "
            "07777",
            span=_flag_span(instruction, "chmod"),
            hint="or write symbolic modes such as u=rwX,go=rX",
        )
    chown = _expanded_flag(instruction, "chown", state, lowering)
    link = bool(_boolean(instruction, "link")) and not chmod
    if link:
        _check_linked_owner(chown, instruction)
    is_add = isinstance(instruction, Add)
    return _Flags(
        chown,
        chmod,
        _expanded_flag(instruction, "checksum", state, lowering),
        tuple(flag.value or "" for flag in instruction.flags if flag.name == "exclude"),
        link,
        bool(_boolean(instruction, "parents")),
        _boolean(instruction, "unpack") if is_add else False,
        _boolean(instruction, "keep-git-dir"),
    )


def _flag_span(instruction: CopyLike, name: str) -> Span:
    flag = instruction.flag(name)
    return flag.span if flag is not None else instruction.span


def _expanded_flag(instruction: CopyLike, name: str, state: StageState, lowering: Lowering) -> str:
    flag = instruction.flag(name)
    return lowering.expand_at(flag.value, state, flag.span) if flag and flag.value else ""


def _boolean(instruction: CopyLike, name: str) -> bool | None:
    flag = instruction.flag(name)
    if flag is None:
        return None
    return flag.value is None or flag.value.lower() == "true"


def is_mode(text: str) -> bool:
    """Whether a mode is octal up to 07777 or symbolic as chmod(1) reads it."""
    if _OCTAL.match(text):
        return len(text) < 12 and int(text, 8) <= _MOST_MODE
    return all(_CLAUSE.match(clause) for clause in text.split(","))


def _check_linked_owner(chown: str, instruction: CopyLike) -> None:
    names = [part for part in chown.split(":", 1) if part and part != "root"]
    if all(part.isascii() and part.isdigit() for part in names):
        return
    raise SourceError(
        f"invalid user index: -1: --link has no /etc/passwd to look up {chown}",
        span=_flag_span(instruction, "chown"),
        hint="give numbers, or leave --link out",
    )


def _split_sources(instruction: CopyLike) -> tuple[list[Word], list[Heredoc]]:
    """Paths and heredocs; of heredocs with one name all have the last body."""
    if instruction.json or not instruction.heredocs:
        return list(instruction.sources), []
    bodies = {heredoc.name: heredoc for heredoc in instruction.heredocs}
    paths: list[Word] = []
    found: list[Heredoc] = []
    for word in instruction.sources:
        opened = parse_heredoc_word(word.text)
        if opened is not None and opened.name in bodies:
            found.append(bodies[opened.name])
        else:
            paths.append(word)
    return paths, found


def _tree(instruction: CopyLike, lowering: Lowering) -> Tree:
    for need in instruction_needs(instruction):
        return lowering.trees.find(need)
    return ContextTree()


def _check_checksum(instruction: CopyLike, values: list[tuple[str, Span]], flags: _Flags) -> None:
    if not flags.checksum:
        return
    span = _flag_span(instruction, "checksum")
    if len(instruction.sources) > 1:
        raise SourceError("checksum can't be specified for multiple sources", span=span)
    if not all(remote.is_git(value) or remote.is_url(value) for value, _ in values):
        raise SourceError("checksum requires HTTP(S) or Git sources", span=span)


def _source(instruction: CopyLike, value: str, span: Span, tree: Tree, flags: _Flags) -> Source:
    is_add = isinstance(instruction, Add)
    is_git = remote.is_git(value)
    if is_git or remote.is_url(value):
        if not is_add:
            kind = "git ref" if is_git else "URL"
            hint = "use ADD for remote sources"
            raise SourceError(f"source can't be a {kind} for COPY", span=span, hint=hint)
        try:
            if not is_git:
                return remote.parse_url(value, flags.checksum)
            source = remote.parse_git(value)
            return remote.with_git_flags(source, flags.checksum, flags.keep_git_dir)
        except ValueError as error:
            raise SourceError(str(error), span=span) from error
    return TreeSource(tree, _source_path(value, flags.parents), value)


def _source_path(value: str, parents: bool) -> str:
    """The clean absolute path; with --parents the first `/./` stays as the pivot."""
    if not parents:
        return absolute_path(value)
    while value.startswith("./"):
        value = value[2:]
    base, pivot, rest = f"/{value.lstrip('/')}".partition(_PIVOT)
    base, rest = absolute_path(base), clean_path("/" + rest)
    return (
        f"{base}{_PIVOT}{rest[1:]}"
        if pivot and base != "/" and rest != "/"
        else (absolute_path(base + rest))
    )


def _inline(heredoc: Heredoc, state: StageState) -> InlineSource:
    body = chomp(heredoc.content) if heredoc.chomp else heredoc.content
    if heredoc.expand:
        try:
            body = expand_heredoc(body, state.variables).value
        except ExpansionError as error:
            raise SourceError(error.message, span=heredoc.body_span, hint=error.hint) from error
    return InlineSource(heredoc.name, body.encode("utf-8", "surrogateescape"))
