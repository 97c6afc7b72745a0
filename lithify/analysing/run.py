"""Owns a run of the analysis: the file, its last image and its findings, or an image alone.

A part that cannot be had is left out with a note that says why; only what was asked for itself may fail. It refuses to
build and to fetch.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from lithify.analysing.model import Analysis, FindingView
from lithify.errors import ConfigurationError, LithifyError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lithify.analysing.durations import Memory
    from lithify.analysing.model import FileAnalysis, ImageAnalysis
    from lithify.analysing.planned import LookedAt
    from lithify.cache.oci import Descriptor
    from lithify.cache.store import Store
    from lithify.requests import AnalysisRequest
    from lithify.surroundings import Surroundings


def analyse(
    request: AnalysisRequest, around: Surroundings, environment: Mapping[str, str]
) -> Analysis:
    """The report that is asked for. Raises LithifyError."""
    if request.build is None:
        return Analysis(request.image, image=_named_image(request, around.store))
    from lithify.analysing.dockerfiles import analyse_dockerfile
    from lithify.analysing.durations import Memory, context_of
    from lithify.analysing.planned import LookedAt
    from lithify.cache.history import BuildHistory
    from lithify.recording import project_of

    notes: list[str] = []
    builds = BuildHistory(around.store.records).latest()
    build = request.build
    if request.is_context_assumed and (known := context_of(builds, build.dockerfile)):
        build = replace(build, context=known)
    with LookedAt(build, around) as looked:
        memory = Memory(builds, project_of(build, looked.inputs))
        file = analyse_dockerfile(looked, memory, request.if_changed)
        findings = _findings(looked, environment, notes)
    image = _last_image(request, memory, file, around.store, notes)
    return Analysis(file.dockerfile, file, image, findings, tuple(notes))


def _named_image(request: AnalysisRequest, store: Store) -> ImageAnalysis:
    from lithify.images import find

    return _image(request, store, find(store, request.image), request.image)


def _image(request: AnalysisRequest, store: Store, found: Descriptor, name: str) -> ImageAnalysis:
    from lithify.analysing.images import analyse_image
    from lithify.registries import wanted_platforms

    platforms = request.build.platforms if request.build is not None else request.platforms
    (platform,) = wanted_platforms(platforms[:1])
    return analyse_image(store, store.images.resolve(found, platform, name), name)


def _last_image(
    request: AnalysisRequest,
    memory: Memory,
    file: FileAnalysis,
    store: Store,
    notes: list[str],
) -> ImageAnalysis | None:
    """The image of the last good build of the file, if the store still has it."""
    digest, names = memory.last_result()
    if not digest:
        built = "built" if file.last_build is None else "built without an error"
        notes.append(f"the file was not {built} yet: durations and sizes are not known")
        return None
    found = store.images.get(digest) or next(filter(None, map(store.images.get, names)), None)
    if found is None:
        notes.append("the image of the last build is not in the store any more")
        return None
    shown = names[0].removeprefix("docker.io/library/") if names else digest
    try:
        return _image(request, store, found, shown)
    except LithifyError as error:
        notes.append(f"the image of the last build cannot be looked into: {error.message}")
        return None


def _findings(
    looked: LookedAt,
    environment: Mapping[str, str],
    notes: list[str],
) -> tuple[FindingView, ...]:
    """What the linter finds, with the settings that `lithify lint` would use here."""
    from lithify.linting.answers import cache_folder
    from lithify.linting.configuration import configure
    from lithify.linting.run import LintRequest, lint_here
    from lithify.linting.settings import Layer
    from lithify.linting.shellcheck.choice import shellcheck_for

    inputs, request = looked.inputs, looked.request
    try:
        settings = configure(Layer(), "", environment).settings
        extra = shellcheck_for(settings, cache_folder(environment), 1)
    except (ConfigurationError, UsageError) as error:
        notes.append(f"the file was not checked: {error.message}")
        return ()
    wanted = LintRequest(
        settings.policy,
        settings.per_file,
        request.build_args,
        request.context if os.path.isdir(request.context) else "",
        inputs.dockerfile,
        inputs.name,
        extra=extra,
    )
    (report,) = lint_here(["-" if inputs.path is None else str(inputs.path)], wanted)
    if report.problem:
        notes.append(f"the file was not checked: {report.problem}")
    return tuple(
        FindingView(one.place.line, one.place.column, one.code, one.level, one.message, one.url)
        for one in report.items
    )
