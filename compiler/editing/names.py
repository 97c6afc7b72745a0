"""Owns what names mean in a Dockerfile: which stage, which variable, where it is defined and everywhere it is used.

Definition, references and rename are the same question asked three ways, so they share one list of occurrences. Two
variables of a name are one if a value can flow between them: from before the first FROM into `ARG NAME`, from a stage
into those based on it, and through `--build-arg`, which sets every ARG of a name. It refuses to rename what the file
does not define: automatic arguments, and what a base image or the shell brings.

Specification: sections 2.3 to 2.5, 4.2 and 4.3.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from lithify.cache.platform import Platform
from lithify.compiler.editing.document import Place
from lithify.compiler.editing.variables import mentions
from lithify.compiler.scopes import platform_args
from lithify.errors import LithifyError
from lithify.grammar import ast

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lithify.compiler.editing.document import Document
    from lithify.errors import Span

_HEAD = -1
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_STAGE_NAME = re.compile(r"[a-z][a-z0-9-_.]*")
_NOWHERE = Platform("linux", "amd64")
#: What the builder defines by itself.
AUTOMATIC = frozenset(platform_args(_NOWHERE, _NOWHERE, ""))


class CannotRename(LithifyError):
    """A name that is not the file's to change, or that it must not become."""


class Occurrence(NamedTuple):
    """A place where a stage or a variable is named.

    `group` is the same for all that are one thing; `is_number` marks a stage that is meant by its number."""

    kind: str
    name: str
    group: int
    place: Place
    is_definition: bool = False
    is_number: bool = False


class Names:
    """All occurrences of a document; made once for a text."""

    def __init__(self, document: Document) -> None:
        self._document = document

    @cached_property
    def occurrences(self) -> tuple[Occurrence, ...]:
        """In file order."""
        found = [*self._stages(), *self._variables()]
        return tuple(sorted(found, key=lambda one: one.place))

    def at(self, offset: int) -> Occurrence | None:
        """What is named at a place."""
        touching = [one for one in self.occurrences if one.place.holds(offset)]
        # Between two names that touch, the one that begins here is meant.
        return max(touching, key=lambda one: one.place.start, default=None)

    def same(self, occurrence: Occurrence) -> tuple[Occurrence, ...]:
        """All occurrences of the same thing, this one among them."""
        return tuple(
            one
            for one in self.occurrences
            if one.kind == occurrence.kind and one.group == occurrence.group
        )

    def definitions(self, offset: int) -> tuple[Occurrence, ...]:
        """Where the value at a place comes from: the nearest definition above it, else all there are."""
        here = self.at(offset)
        if here is None:
            return ()
        found = [one for one in self.same(here) if one.is_definition]
        above = [one for one in found if one.place.start <= here.place.start]
        if here.kind == "variable" and above:
            own = self._document.stage_number(offset)
            near = [one for one in above if self._document.stage_number(one.place.start) == own]
            return ((near or above)[-1],)
        return tuple(found)

    def references(self, offset: int, *, with_definitions: bool = True) -> tuple[Occurrence, ...]:
        """Everything that is the same as what is named at a place."""
        here = self.at(offset)
        if here is None:
            return ()
        return tuple(one for one in self.same(here) if with_definitions or not one.is_definition)

    def renameable(self, offset: int) -> Occurrence:
        """What would be renamed at a place. Raises CannotRename."""
        here = self.at(offset)
        if here is None:
            raise CannotRename("there is no stage and no variable here")
        if here.is_number:
            raise CannotRename("a number is no name", hint="name the stage in its FROM")
        if here.kind == "variable" and here.name in AUTOMATIC:
            raise CannotRename(f"{here.name} is set by the builder")
        if not any(one.is_definition for one in self.same(here)):
            raise CannotRename(f"{here.name} is not defined in this file")
        return here

    def rename(self, offset: int, name: str) -> tuple[Place, ...]:
        """The places that become the new name. Raises CannotRename."""
        here = self.renameable(offset)
        if here.kind == "stage":
            if not _STAGE_NAME.fullmatch(name.lower()):
                raise CannotRename(f"{name} is no name for a stage")
            other = self._document.stage_named(name)
            if other is not None and other != here.group:
                raise CannotRename(f"there is a stage {name} already")
        elif not _NAME.fullmatch(name):
            raise CannotRename(f"{name} is no name for a variable")
        elif name != here.name and any(
            one.kind == "variable" and one.name == name for one in self.occurrences
        ):
            raise CannotRename(f"there is a variable {name} already")
        return tuple(one.place for one in self.same(here) if not one.is_number)

    # -- stages ----------------------------------------------------------------------------------

    def _stages(self) -> Iterator[Occurrence]:
        document = self._document
        for number, section in enumerate(document.stages):
            source = section.source
            assert source is not None, "these are the stages"
            if source.alias is not None:
                yield _stage(source.alias.text, number, source.alias.span, is_definition=True)
            base = document.stage_named(source.image.text, number)
            if base is not None:
                yield _stage(source.image.text, base, source.image.span)
            for instruction in section.instructions:
                yield from self._uses(instruction)

    def _uses(self, instruction: ast.Instruction) -> Iterator[Occurrence]:
        for name, span in stage_uses(instruction):
            number = self._document.stage_meant(name)
            if number is not None:
                yield _stage(name, number, span)

    # -- variables -------------------------------------------------------------------------------

    def _variables(self) -> Iterator[Occurrence]:
        found = list(self._named())
        groups = self._groups(found)
        for scope, name, place, is_definition, _ in found:
            group = groups[scope, name]
            yield Occurrence("variable", name, group, place, is_definition)

    def _named(self) -> Iterator[tuple[int, str, Place, bool, bool]]:
        """Scope, name, place, whether it is a definition, whether that is an ARG."""
        document = self._document
        for instruction in document.file.instructions:
            number = document.stage_number(instruction.span.start)
            scope = _HEAD if number is None or isinstance(instruction, ast.From) else number
            for name, span in definitions_in(instruction):
                place = Place(span.start, span.end)
                yield scope, name, place, True, isinstance(instruction, ast.Arg)
            for mention in mentions(document, instruction):
                if _is_known(document, instruction, mention.name):
                    yield scope, mention.name, mention.place, False, False

    def _groups(
        self, found: list[tuple[int, str, Place, bool, bool]]
    ) -> Mapping[tuple[int, str], int]:
        """A number for each thing: scopes of a name that values flow between have the same."""
        joined = _Joined()
        arguments: dict[str, int] = {}
        named = {(scope, name) for scope, name, _, _, _ in found}
        for scope, name, _, _, is_argument in found:
            joined.find((scope, name))
            if is_argument:
                joined.join((scope, name), (arguments.setdefault(name, scope), name))
        for number, stage in self._document.reached.items():
            parent = stage.parent
            while parent is not None:
                for _, name in [one for one in named if one[0] == number]:
                    if (parent.parsed.index, name) in named:
                        joined.join((number, name), (parent.parsed.index, name))
                parent = parent.parent
        order = {key: at for at, key in enumerate(sorted(named))}
        return {key: order[joined.find(key)] for key in named}


class _Joined:
    """Sets that grow together."""

    def __init__(self) -> None:
        self._above: dict[tuple[int, str], tuple[int, str]] = {}

    def find(self, key: tuple[int, str]) -> tuple[int, str]:
        while (above := self._above.setdefault(key, key)) != key:
            key = above
        return key

    def join(self, one: tuple[int, str], other: tuple[int, str]) -> None:
        self._above[self.find(one)] = self.find(other)


def _stage(name: str, number: int, span: Span, *, is_definition: bool = False) -> Occurrence:
    is_number = name.isdigit() and not is_definition
    return Occurrence("stage", name, number, Place(span.start, span.end), is_definition, is_number)


def stage_uses(instruction: ast.Instruction) -> Iterator[tuple[str, Span]]:
    """What stands after `from` in COPY and in the mounts of RUN, with its place."""
    if isinstance(instruction, ast.Copy):
        flag = instruction.flag("from")
        if flag is not None and flag.value:
            yield from _placed(flag, flag.value, "=")
    elif isinstance(instruction, ast.Run):
        for flag in instruction.flags:
            match = re.search(r"(?:^|,)from=([^,\"]+)", flag.value or "", re.IGNORECASE)
            if flag.name == "mount" and match is not None:
                yield from _placed(flag, match[1], match[0][: -len(match[1])].lstrip(","))


def _placed(flag: ast.Flag, value: str, before: str) -> Iterator[tuple[str, Span]]:
    """A part of a flag and its place, unless the flag is written in a way that hides it."""
    at = flag.span.text.find(before + value)
    if at >= 0:
        start = flag.span.start + at + len(before)
        yield value, type(flag.span)(flag.span.source, start, start + len(value))


def definitions_in(instruction: ast.Instruction) -> Iterator[tuple[str, Span]]:
    """The variables that ARG or ENV define, with the places of their names."""
    if isinstance(instruction, ast.Arg):
        yield from ((one.name.text, one.name.span) for one in instruction.declarations)
    elif isinstance(instruction, ast.Env):
        yield from (
            (one.key.text, one.key.span) for one in instruction.pairs if "$" not in one.key.text
        )


def _is_known(document: Document, instruction: ast.Instruction, name: str) -> bool:
    """Whether a name is the builder's business: a shell has variables of its own."""
    if not isinstance(instruction, ast.Run | ast.Cmd | ast.Entrypoint | ast.Healthcheck):
        return True
    stage = document.stage_at(instruction.span.start)
    is_declared = stage is not None and name in stage.declared
    return is_declared or name in document.variables(instruction)
