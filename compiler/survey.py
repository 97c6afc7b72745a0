"""Owns the walk over reached stages that only looks: the variables at every instruction, and those that are missing.

Checks and the outline need what a stage knows line by line, for all stages at once and without steps; lowering gives
one final state, and stops at the first mistake. It refuses to complain: what cannot be expanded is passed over, for
planning has said why. Its values are named tuples, which are made faster than dataclasses: every build loads them.

Specification: sections 2.3, 2.4 and 6.5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lithify.compiler.origins import StageOrigin
from lithify.compiler.scopes import SILENT_ARGS
from lithify.compiler.state import DEFAULT_PATH
from lithify.errors import SourceError
from lithify.grammar import ast
from lithify.grammar.parser import parse_mount
from lithify.grammar.words import ExpansionError, expand, expand_heredoc, expand_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lithify.cache.ports import ResolvedImage
    from lithify.compiler.phases import ParsedStage
    from lithify.compiler.resolve import Resolution, ResolvedStage
    from lithify.compiler.scopes import GlobalScope

_EXPANDED_FLAGS = frozenset(("chown", "chmod", "checksum"))
_Arguments = tuple[tuple[str, str | None], ...]


class Line(NamedTuple):
    """An instruction and the variables before it.

    `missing` are the names it looks up that nothing defines, sorted; `arguments` the values that an ARG gives."""

    instruction: ast.Instruction
    variables: Mapping[str, str]
    escape: str
    missing: tuple[str, ...] = ()
    arguments: _Arguments = ()

    def value(self, text: str) -> str:
        """A text with its variables replaced; as written if that is impossible."""
        try:
            return expand(text, self.variables, self.escape).value
        except ExpansionError:
            return text

    def words(self, text: str) -> tuple[str, ...]:
        """The words that a text becomes when blanks in values separate."""
        try:
            return expand_words(text, self.variables, self.escape)
        except ExpansionError:
            return (text,)


class SurveyedStage(NamedTuple):
    """A stage that is reached: where it starts and its lines; triggers of the base are no lines of it."""

    parsed: ParsedStage
    resolved: ResolvedStage
    parent: SurveyedStage | None
    lines: tuple[Line, ...]
    variables: Mapping[str, str]
    declared: frozenset[str]

    @property
    def image(self) -> ResolvedImage | None:
        """The base image that the stage, or the first of its ancestors, stands on."""
        return self.parent.image if self.parent is not None else self.resolved.image

    def inherited_lines(self) -> Iterator[Line]:
        """The lines of all ancestors, the oldest first."""
        if self.parent is not None:
            yield from self.parent.inherited_lines()
            yield from self.parent.lines


def survey(resolution: Resolution, scope: GlobalScope, escape: str) -> tuple[SurveyedStage, ...]:
    """Walk over the stages of a resolution, in file order."""
    done: dict[int, SurveyedStage] = {}
    for index, resolved in resolution.stages.items():
        origin = resolved.stage.origin
        parent = done.get(origin.index) if isinstance(origin, StageOrigin) else None
        done[index] = _Walk(scope, escape, parent, resolved).stage(resolved)
    return tuple(done.values())


class _Walk:
    """The variables of one stage while its instructions pass by."""

    def __init__(
        self,
        scope: GlobalScope,
        escape: str,
        parent: SurveyedStage | None,
        resolved: ResolvedStage,
    ) -> None:
        self._scope = scope
        self._escape = escape
        self._parent = parent
        self._variables: Mapping[str, str] = parent.variables if parent else _base(resolved)
        self._declared: set[str] = set(parent.declared if parent else ())

    def stage(self, resolved: ResolvedStage) -> SurveyedStage:
        for trigger in resolved.triggers:
            self._line(trigger)
        lines = tuple(self._line(one) for one in resolved.stage.instructions)
        return SurveyedStage(
            resolved.stage.parsed,
            resolved,
            self._parent,
            lines,
            self._variables,
            frozenset(self._declared),
        )

    def _line(self, instruction: ast.Instruction) -> Line:
        if isinstance(instruction, ast.Arg):
            return self._arguments(instruction)
        missing: set[str] = set()
        if _has_variables(instruction):
            missing = self._missing(expanded_texts(instruction)) | self._missing_in_bodies(
                instruction
            )
        known = Line(instruction, self._variables, self._escape, tuple(sorted(missing)))
        if isinstance(instruction, ast.Env):
            pairs = {
                known.value(one.key.text): known.value(one.value.text) for one in instruction.pairs
            }
            self._variables = {**self._variables, **pairs}
        return known

    def _arguments(self, instruction: ast.Arg) -> Line:
        """Each declaration sees those before it; a default that is not used is not looked at."""
        before = self._variables
        missing: set[str] = set()
        values: list[tuple[str, str | None]] = []
        for one in instruction.declarations:
            name, default = one.name.text, one.default
            given = self._scope.build_args.get(name)
            if given is None and default is not None:
                missing |= self._missing((default.text,))
                given = Line(instruction, self._variables, self._escape).value(default.text)
            elif given is None:
                given = self._scope.variables.get(name)
            self._declared.add(name)
            values.append((name, given))
            if given is not None and name not in SILENT_ARGS:
                self._variables = {**self._variables, name: given}
        return Line(instruction, before, self._escape, tuple(sorted(missing)), tuple(values))

    def _missing(self, texts: Iterator[str] | tuple[str, ...]) -> set[str]:
        found: set[str] = set()
        for text in texts:
            if "$" in text:
                try:
                    found |= expand(text, self._variables, self._escape).missing
                except ExpansionError:
                    continue
        return found - self._declared - SILENT_ARGS

    def _missing_in_bodies(self, instruction: ast.Instruction) -> set[str]:
        found: set[str] = set()
        if isinstance(instruction, ast.CopyLike):
            for heredoc in instruction.heredocs:
                try:
                    if heredoc.expand:
                        found |= expand_heredoc(heredoc.content, self._variables).missing
                except ExpansionError:
                    continue
        return found - self._declared - SILENT_ARGS


def _base(resolved: ResolvedStage) -> dict[str, str]:
    config = resolved.image.config.config if resolved.image is not None else None
    pairs = (one.partition("=") for one in (config.env if config is not None else ()))
    return {"PATH": DEFAULT_PATH} | {name: value for name, _, value in pairs}


def _has_variables(instruction: ast.Instruction) -> bool:
    return (
        "$" in instruction.rest
        or any("$" in (flag.value or "") for flag in instruction.flags)
        or any("$" in heredoc.content for heredoc in instruction.heredocs)
    )


def expanded_texts(instruction: ast.Instruction) -> Iterator[str]:
    """The texts whose variables must be there (section 2.3), ARG and bodies of heredocs apart.

    EXPOSE is not among them: the reference lets unknown names in ports pass."""
    match instruction:
        case ast.Env(pairs=pairs) | ast.Label(pairs=pairs):
            for pair in pairs:
                yield pair.key.text
                yield pair.value.text
        case ast.CopyLike(sources=sources, destination=destination):
            yield from (word.text for word in sources)
            yield destination.text
            yield from (one.value or "" for one in instruction.flags if one.name in _EXPANDED_FLAGS)
        case ast.Run(flags=flags):
            for flag in flags:
                if flag.name == "mount" and "$" in (flag.value or ""):
                    yield from _mount_texts(flag)
        case ast.Workdir(path=word) | ast.User(user=word) | ast.Stopsignal(signal=word):
            yield word.text
        case ast.Volume(paths=paths):
            yield from (word.text for word in paths)


def _mount_texts(flag: ast.Flag) -> Iterator[str]:
    try:
        options = parse_mount(flag.value or "", flag.span)
    except SourceError:
        return
    yield from (value for key, value in options if value is not None and key != "from")
