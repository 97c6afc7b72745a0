"""Owns the two views of a tree for people and programs that debug: stable text, plain data.

The text shows every node with its place and is what snapshots compare; the data has the shape in
which the reference parser sees instructions. It refuses to be read back.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from lithify.errors import Span
from lithify.grammar import ast

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHARED = frozenset(("keyword", "span", "rest"))


def dump_ast(dockerfile: ast.Dockerfile) -> str:
    """The whole tree as indented lines, each node with `line:column-line:column`."""
    lines = [f"Dockerfile escape={dockerfile.escape}"]
    for directive in dockerfile.directives:
        lines.append(f"  Directive {directive.name}={directive.value!r} {_place(directive.span)}")
    for instruction in dockerfile.instructions:
        lines += ("  " + line for line in _dump_instruction(instruction))
    for error in dockerfile.errors:
        place = _place(error.span) if error.span else ""
        lines.append(f"  error {error.message!r} {place}".rstrip())
    return "\n".join(lines) + "\n"


def dump_instructions(name: str, dockerfile: ast.Dockerfile) -> dict[str, Any]:
    """A file's instructions as JSON-ready data: words before expansion, quotes kept."""
    return {
        "file": name,
        "escape": dockerfile.escape,
        "instructions": [_plain(instruction) for instruction in dockerfile.instructions],
    }


def _plain(instruction: ast.Instruction) -> dict[str, Any]:
    args, is_json = _arguments(instruction)
    return {
        "name": instruction.keyword.text,
        "flags": [_flag_text(flag) for flag in instruction.flags],
        "args": args,
        "json": is_json,
        "lines": [instruction.span.line, instruction.span.last_line],
        "heredocs": [
            {
                "name": heredoc.name,
                "expand": heredoc.expand,
                "chomp": heredoc.chomp,
                "content": heredoc.content,
            }
            for heredoc in instruction.heredocs
        ],
    }


def _flag_text(flag: ast.Flag) -> str:
    return f"--{flag.name}" if flag.value is None else f"--{flag.name}={flag.value}"


def _arguments(instruction: ast.Instruction) -> tuple[list[str], bool]:
    """The reference's words of an instruction, and whether they were a JSON array."""
    match instruction:
        case (
            ast.Run(command=command)
            | ast.Cmd(command=command)
            | ast.Entrypoint(command=command)
            | ast.Shell(command=command)
        ):
            return _command(command)
        case ast.CopyLike(sources=sources, destination=destination, json=is_json):
            return _texts(*sources, destination), is_json
        case ast.Healthcheck(kind=kind, command=command):
            args, is_json = _command(command) if command else ([], False)
            return [kind.text, *args], is_json
        case ast.Volume(paths=words, json=is_json):
            return _texts(*words), is_json
    return _plain_arguments(instruction), False


def _plain_arguments(instruction: ast.Instruction) -> list[str]:
    """The words of an instruction that has no JSON form."""
    match instruction:
        case ast.Env(pairs=pairs) | ast.Label(pairs=pairs):
            return [word.text for pair in pairs for word in (pair.key, pair.value)]
        case ast.Arg(declarations=declarations):
            return [_declaration(declaration) for declaration in declarations]
        case ast.Onbuild(inner_keyword=keyword, inner_flags=flags, inner_words=words):
            return [keyword.text, *flags, *words]
        case ast.From(image=image, as_keyword=as_keyword, alias=alias):
            return _texts(image, as_keyword, alias)
        case ast.Expose(ports=words):
            return _texts(*words)
        case (
            ast.Workdir(path=word)
            | ast.User(user=word)
            | ast.Stopsignal(signal=word)
            | ast.Maintainer(author=word)
        ):
            return [word.text]
    raise AssertionError(f"an instruction without a dump: {instruction.name}")


def _texts(*words: ast.Word | None) -> list[str]:
    return [word.text for word in words if word is not None]


def _command(command: ast.Command) -> tuple[list[str], bool]:
    if isinstance(command, ast.ExecForm):
        return list(command.args), True
    return [command.text] if command.text else [], False


def _declaration(declaration: ast.ArgDeclaration) -> str:
    name = declaration.name.text
    return name if declaration.default is None else f"{name}={declaration.default.text}"


def _dump_instruction(instruction: ast.Instruction) -> Iterator[str]:
    yield f"{type(instruction).__name__} {_place(instruction.span)}"
    yield f"  keyword: {_shown(instruction.keyword)}"
    for field in fields(instruction):
        value = getattr(instruction, field.name)
        if field.name in _SHARED or value is None or value == ():
            continue
        if isinstance(value, tuple):
            yield f"  {field.name}:"
            yield from (f"    {_shown(item)}" for item in value)
        else:
            yield f"  {field.name}: {_shown(value)}"


def _shown(value: object) -> str:
    """A node on one line: its parts, then its place."""
    if isinstance(value, Span):
        return _place(value)
    if isinstance(value, ast.Word):
        return f"{value.text!r} {_place(value.span)}"
    if is_dataclass(value):
        parts = (
            _shown(part) if field.name == "span" else f"{field.name}={_shown(part)}"
            for field in fields(value)
            if (part := getattr(value, field.name)) is not None
        )
        return f"{type(value).__name__} {' '.join(parts)}"
    return repr(value)


def _place(span: Span) -> str:
    end_line, end_column = span.source.position(span.end)
    return f"{span.line}:{span.column}-{end_line}:{end_column}"
