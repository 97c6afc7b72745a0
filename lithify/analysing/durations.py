"""Owns what earlier builds of the same file tell: how long each step took when it last ran, and the last result.

A cached step says nothing about its time, so the builds are searched backwards for one that ran it. It refuses to
mistake one project for another: the context and the Dockerfile must be the same.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lithify.analysing.model import BuildView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lithify.cache.history import BuildRecord, Project, StepRecord
    from lithify.compiler.plan import Step


class Memory:
    """The builds of one project, the newest first."""

    def __init__(self, builds: Sequence[BuildRecord], project: Project) -> None:
        self._builds = [one for one in builds if _place(one.project) == _place(project)]
        self._target = project.target
        self._seconds: dict[tuple[str, str, str], float] = {}
        for build in self._builds:
            for step in build.steps:
                if step.outcome == "ran":
                    self._seconds.setdefault(_record_identity(step), step.seconds)

    def seconds(self, step: Step) -> float | None:
        """How long a step took when it last ran."""
        return self._seconds.get(_identity(step))

    def outcome(self, step: Step) -> str:
        """What became of a step in the last build for the target; '' if it was not in it."""
        last = self._last()
        steps = last.steps if last is not None else ()
        found = (one.outcome for one in steps if _record_identity(one) == _identity(step))
        return next(found, "")

    def last_build(self) -> BuildView | None:
        """The last build for the target, good or not."""
        last = self._last()
        if last is None:
            return None
        when = max(last.created, last.repeated)
        return BuildView(last.id, when, last.seconds, last.digest, last.error)

    def last_result(self) -> tuple[str, tuple[str, ...]]:
        """Digest and names of the newest good build for the target; '' if there is none."""
        for build in self._builds:
            if build.project.target == self._target and build.digest:
                return build.digest, build.project.names
        return "", ()

    def _last(self) -> BuildRecord | None:
        found = (one for one in self._builds if one.project.target == self._target)
        return next(found, None)


def context_of(builds: Sequence[BuildRecord], dockerfile: str) -> str:
    """The context with which a Dockerfile was built last; '' if it was not, or the folder is gone."""
    path = os.path.abspath(dockerfile)
    found = (one.project.context for one in builds if _place(one.project)[1] == path)
    return next(filter(os.path.isdir, found), "")


def _place(project: Project) -> tuple[str, str]:
    """Context and Dockerfile; a name that is not absolute is the context's own file."""
    name = project.dockerfile
    if not os.path.isabs(name):
        name = os.path.join(project.context, os.path.basename(name))
    return project.context, name


def _identity(step: Step) -> tuple[str, str, str]:
    name = step.name
    text = name.partition("] ")[2] if name.startswith("[") else name
    return step.stage, text, str(step.platform)


def _record_identity(step: StepRecord) -> tuple[str, str, str]:
    return step.stage, step.text, step.platform
