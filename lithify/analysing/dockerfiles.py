"""Owns the analysis of a Dockerfile: its stages and steps, and what reruns when a file or an argument changes.

Nothing is built and no file's content is read: names decide. It refuses to promise: what is said to rerun is the most
that can, for a step that makes the same bytes as before ends the chain.
"""

from __future__ import annotations

import os
import posixpath
from typing import TYPE_CHECKING

from lithify.analysing.files import groups_of, list_files, matches
from lithify.analysing.model import Change, FileAnalysis, StageView, StepView
from lithify.cache.wildcard import has_meta
from lithify.compiler.analysis.impact import argument_impact, base_images, rerun, waiting_s
from lithify.compiler.analysis.uses import context_uses
from lithify.compiler.outline import list_targets, make_outline
from lithify.errors import UsageError
from lithify.executor.tree import resolve
from lithify.planning import key_surroundings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lithify.analysing.durations import Memory
    from lithify.analysing.files import Listing
    from lithify.analysing.planned import LookedAt
    from lithify.compiler.analysis.uses import Use
    from lithify.compiler.plan import Step

_ARGUMENT = "ARG="
_MOST_ARGUMENTS = 100
_MOST_GROUPS = 60


def analyse_dockerfile(looked: LookedAt, memory: Memory, questions: Sequence[str]) -> FileAnalysis:
    """The whole account; `questions` are paths, patterns or `ARG=NAME`. Raises LithifyError."""
    plan, inputs = looked.plan, looked.inputs
    impacts = Impacts(looked, memory)
    stages, stage_of = _stages(plan.steps)
    steps = tuple(
        StepView(
            step.index + 1,
            step.name,
            stage_of[step.index],
            step.span.line,
            tuple(one + 1 for one in step.inputs),
            memory.seconds(step),
            memory.outcome(step),
        )
        for step in plan.steps
    )
    answers = tuple(impacts.answer(one) for one in questions)
    changes = (*impacts.of_arguments(), *impacts.of_files())
    used = {step.stage for step in plan.steps}
    names = [one.name or f"stage-{at}" for at, one in enumerate(list_targets(looked.dockerfile))]
    return FileAnalysis(
        str(inputs.path or inputs.name),
        looked.request.context,
        looked.request.target,
        stages,
        steps,
        tuple(name for name in names if name not in used),
        changes,
        answers,
        memory.last_build(),
        (*impacts.notes, *_image_notes(looked)),
    )


def _stages(steps: Sequence[Step]) -> tuple[tuple[StageView, ...], list[int]]:
    """The stages in the order of their first steps, and the stage of each step."""
    places: dict[tuple[str, str], int] = {}
    stage_of = [places.setdefault((step.stage, str(step.platform)), len(places)) for step in steps]
    needs: list[dict[int, None]] = [{} for _ in places]
    for step in steps:
        own = stage_of[step.index]
        needs[own].update((stage_of[one], None) for one in step.inputs if stage_of[one] != own)
    return tuple(
        StageView(
            name,
            platform,
            tuple(step.index + 1 for step in steps if stage_of[step.index] == at),
            tuple(sorted(needs[at])),
        )
        for (name, platform), at in places.items()
    ), stage_of


def _image_notes(looked: LookedAt) -> Iterator[str]:
    bases = base_images(looked.plan)
    for reference in looked.images.missing:
        if reference in bases:
            yield f"{reference} is not in the store: its ONBUILD triggers and its size are not known"


class Impacts:
    """What reruns when; `notes` collects what could not be said in full."""

    def __init__(self, looked: LookedAt, memory: Memory) -> None:
        self._looked = looked
        self._plan = looked.plan
        self._seconds = [memory.seconds(step) for step in looked.plan.steps]
        self._uses = context_uses(looked.plan, self._follow)
        self._listings: dict[str, Listing] = {}
        self.notes: list[str] = []

    # -- arguments -------------------------------------------------------------------------------

    def of_arguments(self) -> Iterator[Change]:
        """Every argument that the target uses, in file order."""
        outline = make_outline(self._looked.dockerfile, self._looked.options, self._looked.images)
        for one in outline.args[:_MOST_ARGUMENTS]:
            yield self._argument("argument", one.name, one.value)
        if len(outline.args) > _MOST_ARGUMENTS:
            self.notes.append(f"only the first {_MOST_ARGUMENTS} arguments were tried")

    def _argument(self, kind: str, name: str, value: str) -> Change:
        around = key_surroundings(self._plan, faithful=self._looked.request.faithful)
        found = argument_impact(self._plan, around, self._looked.replan, name, _others(value))
        note = ""
        if found.problem:
            note = f"not known: with another value the file cannot be planned ({found.problem})"
        elif not found.steps:
            note = "only the image's configuration changes" if found.changes_config else ""
        return self._change(
            kind, f"ARG {name}", f"now {value!r}" if value else "", found.steps, note
        )

    # -- files -----------------------------------------------------------------------------------

    def of_files(self) -> list[Change]:
        """The files of all contexts that steps use, in groups; those that cost most go first."""
        changes = []
        for context in dict.fromkeys(use.context for use in self._uses):
            paths = self._listing(context).paths
            for group in groups_of(context, paths, self._uses):
                steps = rerun(self._plan, group.steps)
                changes.append(self._change("files", group.label, group.detail, steps))
        changes.sort(key=lambda one: (-one.wait_s, -len(one.steps), one.label))
        if len(changes) > _MOST_GROUPS:
            self.notes.append(f"only {_MOST_GROUPS} of {len(changes)} groups of files are shown")
        return changes[:_MOST_GROUPS]

    def _listing(self, context: str) -> Listing:
        if context not in self._listings:
            found = list_files(self._looked.contexts.open(context))
            self._listings[context] = found
            if found.is_cut:
                self.notes.append(f"only the first {len(found.paths)} files were looked at")
        return self._listings[context]

    def _follow(self, context: str, path: str) -> str:
        return resolve(path, self._looked.contexts.open(context).readlink)

    # -- questions -------------------------------------------------------------------------------

    def answer(self, question: str) -> Change:
        """What reruns if a path, what a pattern matches, or `ARG=NAME` changes. Raises UsageError."""
        if question.startswith(_ARGUMENT):
            return self._answer_argument(question.removeprefix(_ARGUMENT))
        context, path = self._place(question)
        opened = self._looked.contexts.open(context)
        is_ignored = opened.ignore is not None and opened.ignore.is_ignored(path)
        if is_ignored and not has_meta(path) and opened.lstat(path) is None:
            note = "nothing reruns, for the ignore file hides it"
            return self._change("question", question, "", (), note)
        paths = [path]
        if path in ("", ".") or has_meta(path) or self._is_folder(context, path):
            paths = [one for one in self._listing(context).paths if _is_within(path, one)]
            if not paths:
                raise UsageError(f"--if-changed: no file of the context matches {question!r}")
        first = self._first(context, paths)
        note = "" if first else "nothing reruns, for no step that the target needs takes it"
        steps = rerun(self._plan, first)
        count = f"{len(paths)} files" if len(paths) > 1 else ""
        return self._change("question", question, count, steps, note)

    def _answer_argument(self, name: str) -> Change:
        outline = make_outline(self._looked.dockerfile, self._looked.options, self._looked.images)
        value = next((one.value for one in outline.args if one.name == name), None)
        if value is None:
            known = ", ".join(one.name for one in outline.args)
            hint = f"it uses {known}" if known else "it uses none"
            raise UsageError(f"--if-changed: the target uses no argument {name!r}", hint=hint)
        change = self._argument("question", name, value)
        is_nothing = not change.steps and not change.note
        return change._replace(note="nothing reruns, for no step sees it") if is_nothing else change

    def _place(self, question: str) -> tuple[str, str]:
        """A context and a path in it: `NAME:PATH` for a named one, else of the build context."""
        name, colon, rest = question.partition(":")
        if colon and name in self._looked.contexts.named.files:
            return name, posixpath.normpath(rest).lstrip("/")
        if os.path.isabs(question):
            question = os.path.relpath(question, os.path.abspath(self._looked.request.context))
            if question.startswith(".."):
                raise UsageError(f"--if-changed: {question!r} is outside of the context")
        path = posixpath.normpath(question)
        return "", "" if path == "." else path

    def _is_folder(self, context: str, path: str) -> bool:
        found = self._looked.contexts.open(context).lstat(path)
        return found is not None and found.is_directory

    def _first(self, context: str, paths: Iterable[str]) -> set[int]:
        own: list[Use] = [use for use in self._uses if use.context == context]
        return {use.step for path in paths for use in own if use.touches(path)}

    def _change(
        self, kind: str, label: str, detail: str, steps: Sequence[int], note: str = ""
    ) -> Change:
        timed = [self._seconds[one] for one in steps]
        return Change(
            kind,
            label,
            detail,
            tuple(one + 1 for one in steps),
            sum(one for one in timed if one is not None),
            waiting_s(self._plan, steps, self._seconds),
            sum(one is None for one in timed),
            note,
        )


def _is_within(path: str, one: str) -> bool:
    return not path or one.startswith(f"{path}/") or matches(path, one)


def _others(value: str) -> tuple[str, ...]:
    """Values to try instead; the first that fits where the argument is used is taken."""
    if value.isdecimal() and value.isascii():
        return (str(int(value[:30]) + 1), f"{value}1", "x")
    flipped = {"true": "false", "false": "true"}.get(value.lower())
    return ((flipped,) if flipped else ()) + (f"{value}x", "1", "x")
