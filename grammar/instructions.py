"""Owns the step from a statement to a typed instruction, and what makes one invalid.

One function for each keyword, found in one table. It refuses to look at other instructions:
the order of instructions in a file is checked where the file is read.

Specification: sections 1.6, 1.9, 1.10 and 3.12.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypedDict

from lithify.errors import SourceError, Span, closest
from lithify.grammar import ast
from lithify.grammar.flags import check_flags, check_mount_source
from lithify.grammar.heredoc import parse_heredoc_word
from lithify.grammar.source import WHITE_SPACE
from lithify.grammar.statement import KEYWORDS
from lithify.grammar.words import ExpansionError, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lithify.grammar.parser import BodyParser
    from lithify.grammar.statement import Statement

_STAGE_NAME = re.compile(r"[a-z][a-z0-9._-]*")
_ONBUILD = re.compile(r"(?i)^\s*ONBUILD\s*")
_NO_DESTINATION = (
    "{} requires at least two arguments, but only one was provided. "
    "Destination could not be determined"
)

_CONTINUATION_HINT = "a line that continues the one above needs the escape character at its end"


class ForbiddenTrigger(SourceError):
    """An instruction that ONBUILD may not hold, at its keyword (section 3.12)."""


class BlankName(SourceError):
    """A pair of ENV or LABEL without a name; `keyword` is that of the instruction."""

    def __init__(self, keyword: str, span: Span) -> None:
        super().__init__(f"{keyword} names can not be blank", span=span)
        self.keyword = keyword


class _Common(TypedDict):
    """The fields that all instructions share."""

    keyword: ast.Word
    span: Span
    flags: tuple[ast.Flag, ...]
    heredocs: tuple[ast.Heredoc, ...]
    comments: tuple[ast.Comment, ...]
    rest: str


def build_instruction(
    statement: Statement, heredocs: tuple[ast.Heredoc, ...], span: Span, bodies: BodyParser
) -> ast.Instruction:
    """Validate a statement and give it its type; `span` also covers the heredoc bodies.

    Raises `SourceError` for the first mistake in the order of the reference.
    """
    builder = _BUILDERS.get(statement.name)
    if builder is None:
        raise unknown_instruction(statement)
    common = _Common(
        keyword=statement.keyword,
        span=span,
        flags=statement.flags,
        heredocs=heredocs,
        comments=statement.line.comments,
        rest=statement.rest.text,
    )
    instruction = builder(statement, common)
    if isinstance(instruction, ast.Run):
        for flag in instruction.flags:
            if flag.name == "mount":
                check_mount_source(flag, bodies.mount(flag.value or "", flag.span))
    return instruction


def unknown_instruction(statement: Statement) -> SourceError:
    """The error for a keyword that is none; the suggestion follows the case of the input."""
    keyword = statement.keyword
    suggestion = closest(keyword.text.upper(), KEYWORDS)
    if keyword.text == keyword.text.lower():
        suggestion = suggestion.lower()
    return SourceError(
        f"unknown instruction: {keyword.text}",
        span=keyword.span if keyword.text else statement.span,
        suggestion=suggestion,
        hint="" if suggestion or not keyword.text else _CONTINUATION_HINT,
    )


def _at_least_one(statement: Statement) -> None:
    if not statement.args:
        raise SourceError(f"{statement.name} requires at least one argument", span=statement.span)


def _exactly_one(statement: Statement) -> ast.Word:
    if not statement.args:
        raise SourceError(f"{statement.name} requires exactly one argument", span=statement.span)
    return statement.args[0]


def _command(statement: Statement) -> ast.Command:
    span = statement.rest.span
    if statement.is_json:
        return ast.ExecForm(tuple(word.text for word in statement.args), span)
    return ast.ShellForm(statement.rest.text, span)


def _from(statement: Statement, common: _Common) -> ast.From:
    if not statement.args:
        raise SourceError("FROM requires either one or three arguments", span=statement.span)
    check_flags("FROM", statement.flags)
    image, *naming = statement.args
    if not naming:
        return ast.From(**common, image=image)
    as_keyword, alias = naming
    if not _STAGE_NAME.fullmatch(alias.text.lower()):
        raise SourceError(
            f"invalid name for build stage: {quoted(alias.text)}, "
            "name can't start with a number or contain symbols",
            span=alias.span,
        )
    return ast.From(**common, image=image, as_keyword=as_keyword, alias=alias)


def _run(statement: Statement, common: _Common) -> ast.Run:
    check_flags("RUN", statement.flags)
    return ast.Run(**common, command=_command(statement))


def _cmd(statement: Statement, common: _Common) -> ast.Cmd:
    check_flags("CMD", statement.flags)
    return ast.Cmd(**common, command=_command(statement))


def _entrypoint(statement: Statement, common: _Common) -> ast.Entrypoint:
    check_flags("ENTRYPOINT", statement.flags)
    return ast.Entrypoint(**common, command=_command(statement))


def _shell(statement: Statement, common: _Common) -> ast.Shell:
    check_flags("SHELL", statement.flags)
    _at_least_one(statement)
    command = _command(statement)
    if isinstance(command, ast.ShellForm):
        raise SourceError(
            "SHELL requires the arguments to be in JSON form", span=statement.rest.span
        )
    return ast.Shell(**common, command=command)


def _copy(statement: Statement, common: _Common) -> ast.Copy:
    sources, destination = _sources(statement)
    return ast.Copy(**common, sources=sources, destination=destination, json=statement.is_json)


def _add(statement: Statement, common: _Common) -> ast.Add:
    sources, destination = _sources(statement)
    return ast.Add(**common, sources=sources, destination=destination, json=statement.is_json)


def _sources(statement: Statement) -> tuple[tuple[ast.Word, ...], ast.Word]:
    if len(statement.args) < 2:
        raise SourceError(_NO_DESTINATION.format(statement.name), span=statement.span)
    check_flags(statement.name, statement.flags)
    *sources, destination = statement.args
    if _is_heredoc(destination):
        raise SourceError(
            f"{statement.name} cannot accept a heredoc as a destination", span=destination.span
        )
    return tuple(sources), destination


def _is_heredoc(word: ast.Word) -> bool:
    try:
        return parse_heredoc_word(word.text) is not None
    except ExpansionError:
        return False


def _arg(statement: Statement, common: _Common) -> ast.Arg:
    _at_least_one(statement)
    declarations: list[ast.ArgDeclaration] = []
    for word, (start, _) in zip(statement.args, statement.arguments.ranges, strict=True):
        name, equals, default = word.text.partition("=")
        if not equals:
            declarations.append(ast.ArgDeclaration(word, None))
            continue
        if not name:
            raise SourceError("ARG names can not be blank", span=word.span)
        middle = start + len(name)
        value_span = statement.line.span(middle + 1, start + len(word.text))
        declarations.append(
            ast.ArgDeclaration(
                ast.Word(name, statement.line.span(start, middle)), ast.Word(default, value_span)
            )
        )
    return ast.Arg(**common, declarations=tuple(declarations))


def _env(statement: Statement, common: _Common) -> ast.Env:
    return ast.Env(**common, pairs=_pairs(statement))


def _label(statement: Statement, common: _Common) -> ast.Label:
    return ast.Label(**common, pairs=_pairs(statement))


def _pairs(statement: Statement) -> tuple[ast.KeyValue, ...]:
    _at_least_one(statement)
    check_flags(statement.name, statement.flags)
    words = iter(statement.args)
    pairs = tuple(
        ast.KeyValue(key, value, statement.arguments.is_legacy)
        for key, value in zip(words, words, strict=True)
    )
    for pair in pairs:
        if not pair.key.text:
            start, end = pair.key.span.start, pair.value.span.end
            raise BlankName(statement.name, Span(pair.key.span.source, start, end))
    return pairs


def _expose(statement: Statement, common: _Common) -> ast.Expose:
    _at_least_one(statement)
    check_flags("EXPOSE", statement.flags)
    return ast.Expose(**common, ports=statement.args)


def _volume(statement: Statement, common: _Common) -> ast.Volume:
    _at_least_one(statement)
    check_flags("VOLUME", statement.flags)
    for path in statement.args:
        if not path.text.strip(WHITE_SPACE):
            raise SourceError("VOLUME specified can not be an empty string", span=path.span)
    return ast.Volume(**common, paths=statement.args, json=statement.is_json)


def _workdir(statement: Statement, common: _Common) -> ast.Workdir:
    path = _exactly_one(statement)
    check_flags("WORKDIR", statement.flags)
    return ast.Workdir(**common, path=path)


def _user(statement: Statement, common: _Common) -> ast.User:
    user = _exactly_one(statement)
    check_flags("USER", statement.flags)
    return ast.User(**common, user=user)


def _stopsignal(statement: Statement, common: _Common) -> ast.Stopsignal:
    return ast.Stopsignal(**common, signal=_exactly_one(statement))


def _maintainer(statement: Statement, common: _Common) -> ast.Maintainer:
    author = _exactly_one(statement)
    check_flags("MAINTAINER", statement.flags)
    return ast.Maintainer(**common, author=author)


def _healthcheck(statement: Statement, common: _Common) -> ast.Healthcheck:
    _at_least_one(statement)
    kind, *words = statement.args
    name = kind.text.upper()
    if name == "NONE":
        if words:
            raise SourceError("HEALTHCHECK NONE takes no arguments", span=statement.rest.span)
        return ast.Healthcheck(**common, kind=kind, command=None)
    check_flags("HEALTHCHECK", statement.flags)
    if name != "CMD":
        raise SourceError(f"Unknown type {quoted(name)} in HEALTHCHECK (try CMD)", span=kind.span)
    span = statement.arguments.command
    if not words or span is None:
        raise SourceError("Missing command after HEALTHCHECK CMD", span=statement.span)
    command: ast.Command = ast.ShellForm(words[0].text, span)
    if statement.is_json:
        command = ast.ExecForm(tuple(word.text for word in words), span)
    return ast.Healthcheck(**common, kind=kind, command=command)


def _onbuild(statement: Statement, common: _Common) -> ast.Onbuild:
    inner = statement.inner
    if inner is None:
        raise SourceError("ONBUILD requires at least one argument", span=statement.span)
    check_flags("ONBUILD", statement.flags)
    check_trigger(inner)
    trigger = _ONBUILD.sub("", statement.line.text)
    for heredoc in common["heredocs"]:
        trigger += f"\n{heredoc.content}{heredoc.name}"
    return ast.Onbuild(
        **common,
        trigger=trigger,
        inner_keyword=inner.keyword,
        inner_flags=tuple(map(_flag_text, inner.flags)),
        inner_words=tuple(word.text for word in inner.args),
    )


def check_trigger(trigger: Statement) -> None:
    """Raise `SourceError` for an instruction that ONBUILD may not hold."""
    if trigger.name == "ONBUILD":
        message = "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"
        raise ForbiddenTrigger(message, span=trigger.keyword.span)
    if trigger.name in ("FROM", "MAINTAINER"):
        message = f"{trigger.name} isn't allowed as an ONBUILD trigger"
        raise ForbiddenTrigger(message, span=trigger.keyword.span)


def _flag_text(flag: ast.Flag) -> str:
    return f"--{flag.name}" if flag.value is None else f"--{flag.name}={flag.value}"


_BUILDERS: Mapping[str, Callable[[Statement, _Common], ast.Instruction]] = {
    "ADD": _add,
    "ARG": _arg,
    "CMD": _cmd,
    "COPY": _copy,
    "ENTRYPOINT": _entrypoint,
    "ENV": _env,
    "EXPOSE": _expose,
    "FROM": _from,
    "HEALTHCHECK": _healthcheck,
    "LABEL": _label,
    "MAINTAINER": _maintainer,
    "ONBUILD": _onbuild,
    "RUN": _run,
    "SHELL": _shell,
    "STOPSIGNAL": _stopsignal,
    "USER": _user,
    "VOLUME": _volume,
    "WORKDIR": _workdir,
}
