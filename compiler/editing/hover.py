"""Owns what an editor tells about the thing under the cursor: what it does, and what it comes to at this very place.

A manual is elsewhere; here stand resolved values, the inherited environment, the command that is really started, the
image that was found, and what the last build made of the line. Texts are Markdown, and what comes from files is quoted, so
that it cannot pretend to be ours.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from lithify.compiler.editing.document import Place
from lithify.compiler.editing.facts import NoFacts
from lithify.compiler.editing.vocabulary import FLAGS, INSTRUCTIONS, MOUNT_TYPES
from lithify.compiler.evaluate import shown
from lithify.compiler.expansion import show_variables
from lithify.compiler.paths import destination_path
from lithify.grammar import ast

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.cache.ports import ResolvedImage
    from lithify.compiler.editing.document import Document
    from lithify.compiler.editing.facts import BuildFacts
    from lithify.compiler.editing.names import Names, Occurrence

_MOST_VALUE = 600
_MOST_VARIABLES = 30
_UNITS = ("B", "kB", "MB", "GB", "TB")
_NO_FACTS = NoFacts()


class Hover(NamedTuple):
    """A text in Markdown about a place."""

    place: Place
    text: str


def hover(
    document: Document, names: Names, offset: int, facts: BuildFacts = _NO_FACTS
) -> Hover | None:
    """What is worth telling about a place; None if nothing is."""
    named = names.at(offset)
    if named is not None:
        text = _variable(document, named) if named.kind == "variable" else _stage(document, named)
        return Hover(named.place, text)
    instruction = document.at(offset)
    if instruction is None:
        return None
    for flag in instruction.flags:
        if flag.span.start <= offset <= flag.span.end:
            return _flag(instruction, flag)
    if isinstance(instruction, ast.From) and _holds(instruction.image, offset):
        span = instruction.image.span
        return Hover(Place(span.start, span.end), _image(document, instruction))
    if not _holds(instruction.keyword, offset):
        return None
    span = instruction.keyword.span
    parts = [*_manual(instruction.name), *_effect(document, instruction)]
    parts += _last_build(document, instruction, facts)
    return Hover(Place(span.start, span.end), "\n\n".join(parts))


def _holds(word: ast.Word, offset: int) -> bool:
    return word.span.start <= offset <= word.span.end


def code(text: str) -> str:
    """A text from a file, so marked that nothing in it is read as Markdown."""
    text = text if len(text) <= _MOST_VALUE else f"{text[:_MOST_VALUE]}…"
    fence = "`" * (1 + max((len(run) for run in _runs(text)), default=0))
    if "\n" in text:
        fence = fence if len(fence) > 2 else "```"
        return f"{fence}\n{text}\n{fence}"
    pad = " " if "`" in (text[:1], text[-1:]) else ""
    return f"{fence}{pad}{text or ' '}{pad}{fence}"


def _runs(text: str) -> Iterator[str]:
    run = ""
    for character in (*text, ""):
        if character == "`":
            run += character
        elif run:
            yield run
            run = ""


def human_size(count: int) -> str:
    """Bytes in a unit that people read."""
    size = float(count)
    for unit in _UNITS:
        if size < 1000 or unit == _UNITS[-1]:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError("the last unit takes everything")


def _manual(name: str) -> Iterator[str]:
    if name in INSTRUCTIONS:
        form, text = INSTRUCTIONS[name]
        yield f"```dockerfile\n{form}\n```"
        yield text


def _flag(instruction: ast.Instruction, flag: ast.Flag) -> Hover | None:
    text = FLAGS.get((instruction.name, flag.name))
    if text is None:
        return None
    parts = [f"`--{flag.name}`", text]
    if flag.name == "mount":
        options = (one.partition("=") for one in (flag.value or "").split(","))
        kind = next((value for key, _, value in options if key.lower() == "type"), "bind")
        if kind in MOUNT_TYPES:
            parts.append(f"`type={kind}`: {MOUNT_TYPES[kind]}")
    return Hover(Place(flag.span.start, flag.span.end), "\n\n".join(parts))


# -- names ---------------------------------------------------------------------------------------


def _variable(document: Document, named: Occurrence) -> str:
    value, where = _value(document, named)
    lines = [f"`{named.name}`"]
    lines.append("has no value here" if value is None else f"= {code(value)}")
    if where:
        lines.append(where)
    return "\n\n".join(lines)


def _value(document: Document, named: Occurrence) -> tuple[str | None, str]:
    """The value of a variable at a place, behind it if it is defined there; and where it comes from."""
    instruction = document.at(named.place.start)
    if instruction is None:
        return None, ""
    line = document.line(instruction)
    if named.is_definition:
        if isinstance(instruction, ast.Arg):
            if line is not None:
                return dict(line.arguments).get(named.name), "set by ARG or `--build-arg`"
            return document.variables(instruction).get(named.name), "ARG of the whole file"
        pairs = instruction.pairs if isinstance(instruction, ast.Env) else ()
        for pair in pairs:
            if pair.key.text == named.name:
                text = pair.value.text
                return line.value(
                    text
                ) if line is not None else text, "set by ENV; the image keeps it"
    return document.variables(instruction).get(named.name), ""


def _stage(document: Document, named: Occurrence) -> str:
    number = named.group
    source = document.stages[number].source
    assert source is not None, "these are the stages"
    parts = [f"stage {number + 1} of {len(document.stages)}: {code(source.span.text)}"]
    stage = document.reached.get(number)
    if stage is not None:
        if stage.image is not None:
            parts.append(f"stands on {code(stage.image.reference)}")
        instructions = stage.parsed.instructions
        makes = sum(isinstance(one, ast.Run | ast.CopyLike | ast.Workdir) for one in instructions)
        parts.append(f"{len(instructions)} instructions, {makes} of which make layers")
    return "\n\n".join(parts)


# -- instructions --------------------------------------------------------------------------------


def _image(document: Document, instruction: ast.From) -> str:
    """The image that a FROM means, as far as it is at hand."""
    number = document.stage_number(instruction.span.start)
    stage = document.reached.get(number) if number is not None else None
    image = stage.image if stage is not None else None
    if image is None:
        if instruction.image.text == "scratch":
            return "`scratch`: nothing at all"
        return code(instruction.image.text)
    parts = [code(image.reference), f"platform {code(str(image.config.platform))}"]
    if not image.config_digest:
        parts.append("not at hand: nothing is known of what it holds")
        return "\n\n".join(parts)
    return "\n\n".join((*parts, *_facts_of(image)))


def _facts_of(image: ResolvedImage) -> Iterator[str]:
    yield f"digest {code(str(image.manifest.digest))}"
    size = sum(one.descriptor.size for one in image.layers)
    count = len(image.layers)
    yield f"{count} layer{'s' * (count != 1)}, {human_size(size)}"
    config = image.config.config
    rows = [("USER", config.user), ("WORKDIR", config.working_dir)]
    rows += [("ENTRYPOINT", json.dumps(config.entrypoint)) if config.entrypoint else ("", "")]
    rows += [("CMD", json.dumps(config.cmd)) if config.cmd else ("", "")]
    rows += [("SHELL", json.dumps(config.shell)) if config.shell else ("", "")]
    rows += [("ENV", one) for one in config.env[:_MOST_VARIABLES]]
    listed = "\n".join(f"* {name} {code(value)}" for name, value in rows if value)
    if listed:
        yield f"brings\n\n{listed}"


def _effect(document: Document, instruction: ast.Instruction) -> Iterator[str]:
    """What an instruction comes to at its place."""
    standing = document.standing(instruction)
    line = document.line(instruction)
    if isinstance(instruction, ast.From):
        yield _image(document, instruction)
        return
    if standing is None or line is None:
        return
    match instruction:
        case ast.Run(command=command):
            argv = standing.argv(command)
            yield f"starts {code(_argv(argv))}"
            yield f"in {code(standing.workdir)} as {code(standing.user or 'root')}"
            yield from _environment(document, instruction)
        case ast.Cmd(command=command):
            start = (*(standing.entrypoint or ()), *standing.argv(command))
            yield f"a container starts {code(_argv(start))}"
        case ast.Entrypoint(command=command):
            yield f"a container starts {code(_argv(standing.argv(command)))}"
        case ast.Workdir(path=path):
            yield f"enters {code(destination_path(line.value(path.text), standing.workdir))}"
        case ast.User(user=user):
            yield f"as {code(line.value(user.text))}, before that {code(standing.user or 'root')}"
        case ast.CopyLike(destination=destination):
            target = destination_path(line.value(destination.text), standing.workdir)
            yield f"to {code(target)}"
        case ast.Env(pairs=pairs):
            listed = (f"* {code(f'{one.key.text}={line.value(one.value.text)}')}" for one in pairs)
            yield "\n".join(listed)


def _argv(argv: tuple[str, ...]) -> str:
    return json.dumps(argv, ensure_ascii=False)


def _environment(document: Document, instruction: ast.Instruction) -> Iterator[str]:
    variables = document.variables(instruction)
    listed = [f"* {code(f'{name}={value}')}" for name, value in variables.items()]
    rest = len(listed) - _MOST_VARIABLES
    more = f"\n* and {rest} more" if rest > 0 else ""
    if listed:
        yield "with the environment\n\n" + "\n".join(listed[:_MOST_VARIABLES]) + more


def _last_build(
    document: Document, instruction: ast.Instruction, facts: BuildFacts
) -> Iterator[str]:
    """What the last build made of it."""
    fact = facts.step(*step_name(document, instruction))
    if fact is None:
        return
    parts = [f"last build: {fact.outcome}"]
    if fact.seconds:
        parts.append(f"{fact.seconds:.1f} s")
    if fact.size_bytes is not None:
        parts.append(f"layer of {human_size(fact.size_bytes)}")
    yield ", ".join(parts)
    if fact.reason:
        yield f"because {code(fact.reason)}"


def step_name(document: Document, instruction: ast.Instruction) -> tuple[str, str]:
    """The stage and the text by which builds know the step of an instruction."""
    number = document.stage_number(instruction.span.start)
    stage = document.reached.get(number) if number is not None else None
    label = stage.parsed.label if stage is not None else ""
    return label, show_variables(shown(instruction), document.variables(instruction))
