"""Owns one build: from a request to steps, images and exports, in the ten stages of docs/lifecycle.md.

It is the facade's inside: it joins the compiler, which knows no effects, to the executor, which knows no Dockerfile. It
refuses to live longer than its build.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Self

from lithify import unchanged
from lithify.cache.oci import Index
from lithify.cache.platform import host_platform, parse_platform
from lithify.cache.reference import parse_reference
from lithify.cache.resolver import LAYOUT_SCHEME, StoreResolver
from lithify.compiler import keys
from lithify.compiler.dump import StepKey, render_plan
from lithify.compiler.plan import BuildOptions
from lithify.compiler.stages import make_plan
from lithify.errors import SourceErrors, SourceText, UsageError
from lithify.executor import events
from lithify.executor.assemble import assemble
from lithify.executor.builder import Outcome, StepBuilder
from lithify.executor.context import Context, open_context
from lithify.executor.emulation import check_runnable
from lithify.executor.export.ports import ExportImage, ExportRequest, exporter_for
from lithify.executor.inputs import BuildInputs, read_inputs
from lithify.executor.layer import FORM_VERSION
from lithify.executor.normalise.table import NORMALISERS
from lithify.executor.ops.environment import ENVIRONMENT_FORM
from lithify.executor.scheduler import run_all
from lithify.executor.services import LazySandbox, Services
from lithify.executor.snapshot.snapshots import Snapshots
from lithify.grammar.parser import parse
from lithify.requests import BuildResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from lithify.cache.digest import CacheKey
    from lithify.cache.oci import Descriptor
    from lithify.cache.platform import Platform
    from lithify.cache.ports import Leaf
    from lithify.compiler.dump import Format
    from lithify.compiler.plan import Plan, Step
    from lithify.errors import Secret
    from lithify.grammar.ast import Dockerfile
    from lithify.requests import BuildRequest, OutputSpec, SecretSpec
    from lithify.surroundings import Surroundings


class BuildSession:
    """One request on its way; a context manager that owns what the build opens."""

    def __init__(self, request: BuildRequest, surroundings: Surroundings) -> None:
        self._request = request
        self._around = surroundings
        self._stack = ExitStack()
        self._contexts: dict[str, Context] = {}
        self._inputs: BuildInputs | None = None
        self._resolver = StoreResolver(surroundings.store)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    # -- planning --------------------------------------------------------------------------------

    def plan(self) -> Plan:
        """Stages 1 to 6: read, parse, resolve, plan. Raises SourceError, ImageNotFound, ..."""
        inputs = read_inputs(self._request.context, self._request.dockerfile, self._around.stdin)
        self._inputs = inputs
        dockerfile = parse_dockerfile(inputs.name, inputs.dockerfile)
        return make_plan(dockerfile, self._options(), self._resolver)

    def _options(self) -> BuildOptions:
        request = self._request
        host = host_platform(os.uname().machine)
        images, directories = _split_contexts(request.build_contexts)
        return BuildOptions(
            build_args=request.build_args,
            target=request.target,
            platforms=tuple(_platform(text, host) for text in request.platforms),
            host=host,
            labels=request.labels,
            network=request.network,
            allow=request.allow,
            no_cache=request.no_cache,
            no_cache_filter=request.no_cache_filter,
            hostname=request.hostname,
            extra_hosts=request.extra_hosts,
            shm_size_bytes=request.shm_size_bytes,
            ulimits=request.ulimits,
            epoch=_epoch(request),
            local_contexts=frozenset(directories),
            image_contexts=tuple(images.items()),
        )

    def render_plan(self, form: Format) -> str:
        """The plan with each step's keys and what of it is cached. Raises LithifyError."""
        plan = self.plan()
        builder = self.builder(plan)
        definitions = keys.definition_keys(
            plan, self._key_surroundings(plan), builder.context_content
        )
        previews = zip(definitions, builder.preview(), strict=True)
        return render_plan(
            plan, [StepKey(one, seen.key or "", seen.is_cached) for one, seen in previews], form
        )

    # -- building --------------------------------------------------------------------------------

    def build(self) -> BuildResult:
        """All ten stages. Raises LithifyError."""
        started = time.monotonic()
        plan = self.plan()
        check_runnable(plan, host_platform(os.uname().machine))
        self._around.emit(events.PlanReady(tuple(_summary(step) for step in plan.steps)))
        builder = self.builder(plan)
        outcomes = self._run(plan, builder)
        images = self._assemble(plan, outcomes)
        result = self._finish(images, outcomes, plan, started)
        self._remember(plan, builder, images, result)
        return result

    def _remember(
        self, plan: Plan, builder: StepBuilder, images: list[ExportImage], result: BuildResult
    ) -> None:
        """Leave a note for the next build of the same, if all that was read can be compared."""
        assert self._inputs is not None
        listings = builder.listings()
        store = self._around.store
        bases = [(name, store.images.get(name)) for name in self._resolver.resolved]
        if listings is None or not unchanged.is_eligible(self._request) or plan.warnings:
            return
        note = unchanged.Note(
            tuple((name, base.digest) for name, base in bases if base is not None),
            listings,
            tuple(_summary(step) for step in plan.steps),
            self._store_result(images),
            result.config_digest,
        )
        if len(note.bases) == len(bases):  # what is not in the store by its name can't be compared
            unchanged.remember(self._request, self._inputs.dockerfile, note, store)

    def services(self, plan: Plan) -> Services:
        """What the steps of a plan may use."""
        request = self._request
        sandbox = LazySandbox(self._around.open_sandbox)
        self._stack.callback(sandbox.close)
        return Services(
            store=self._around.store,
            snapshots=Snapshots(self._around.store),
            sandbox=sandbox,
            cancellation=self._around.cancellation,
            contexts=self._context,
            clock=time.time,
            secrets={secret.id: _secret(secret) for secret in request.secrets},
            ssh_agents={name: Path(path) for name, path in request.ssh},
            epoch_s=plan.epoch,
            faithful=request.faithful,
        )

    def builder(self, plan: Plan) -> StepBuilder:
        """The builder of a plan's steps."""
        builder = StepBuilder(plan, self.services(plan), self._keys(plan), self._around.emit)
        self._stack.callback(builder.close)
        return builder

    def _run(self, plan: Plan, builder: StepBuilder) -> list[Outcome]:
        return run_all(
            [step.inputs for step in plan.steps],
            builder.build,
            jobs=self._request.jobs or default_jobs(os.cpu_count() or 1),
            cancellation=self._around.cancellation,
        )

    def _keys(self, plan: Plan) -> Callable[..., tuple[CacheKey, tuple[Leaf, ...]]]:
        around = self._key_surroundings(plan)

        def key(
            step: Step, parent: str, contents: tuple[str, ...]
        ) -> tuple[CacheKey, tuple[Leaf, ...]]:
            leaves = keys.step_leaves(step, around, parent=parent, contents=contents)
            return keys.key_of(leaves), leaves

        return key

    def _key_surroundings(self, plan: Plan) -> keys.KeySurroundings:
        versions = " ".join(f"{one.name}/{one.version}" for one in NORMALISERS)
        return keys.KeySurroundings(
            FORM_VERSION, f"{versions} {ENVIRONMENT_FORM}", plan.epoch, self._request.faithful
        )

    def _context(self, name: str) -> Context:
        """The build context ('') or a named one, opened once."""
        if name not in self._contexts:
            self._contexts[name] = self._stack.enter_context(self._open_context(name))
        return self._contexts[name]

    def _open_context(self, name: str) -> Context:
        if not name:
            assert self._inputs is not None
            if self._inputs.directory is None:
                empty = self._around.store.tmp_dir() / "empty-context"
                empty.mkdir(exist_ok=True)
                return open_context(empty)
            return open_context(self._inputs.directory, self._inputs.path)
        return open_context(Path(_split_contexts(self._request.build_contexts)[1][name]))

    # -- results ---------------------------------------------------------------------------------

    def _assemble(self, plan: Plan, outcomes: list[Outcome]) -> list[ExportImage]:
        images = []
        for planned in plan.results:
            layers = () if planned.output is None else outcomes[planned.output].layers
            descriptor, config = assemble(self._around.store, planned, layers, epoch_s=plan.epoch)
            images.append(ExportImage(descriptor, config, layers, planned.platform))
        return images

    def _finish(
        self, images: list[ExportImage], outcomes: list[Outcome], plan: Plan, started: float
    ) -> BuildResult:
        descriptor = self._store_result(images)
        digest: str = descriptor.digest
        names = tuple(str(parse_reference(tag)) for tag in self._request.tags)
        outputs = self._request.outputs
        if not outputs or any(one.type == "image" for one in outputs):
            self._around.store.images.add(descriptor, names)
        exports = tuple(self._export(output, images, plan) for output in outputs)
        if len(exports) == 1 and exports[0][1]:
            digest = exports[0][1]  # what was asked for is the archive, whose layers are compressed
        cached = sum(outcome.cached for outcome in outcomes)
        seconds = time.monotonic() - started
        finished = events.BuildFinished(digest, names, seconds, steps=len(outcomes), cached=cached)
        self._around.emit(finished)
        config = images[0].config.digest if len(images) == 1 else ""
        return BuildResult(digest, config, names, len(outcomes), cached, seconds, (), exports)

    def _store_result(self, images: list[ExportImage]) -> Descriptor:
        if len(images) == 1:
            return images[0].manifest
        index = Index.make(tuple(image.manifest for image in images))
        return self._around.store.blobs.put(index.raw, index.media_type)

    def _export(self, output: OutputSpec, images: list[ExportImage], plan: Plan) -> tuple[str, str]:
        if output.type == "image":
            return "image", ""
        started = time.monotonic()
        phase = f"exporting to {output.type}"
        self._around.emit(events.PhaseStarted(phase))
        exporter = exporter_for(output.type)
        digest = exporter.export(
            ExportRequest(
                store=self._around.store,
                images=tuple(images),
                names=tuple(str(parse_reference(tag)) for tag in self._request.tags),
                dest=output.dest,
                options=dict(output.options),
                stdout=self._around.stdout,
                epoch_s=plan.epoch,
            )
        )
        self._around.emit(events.PhaseFinished(phase, time.monotonic() - started, output.dest))
        return output.type, digest or ""


def default_jobs(processors: int) -> int:
    """How many steps run at a time unless asked: steps wait for disks and networks more than they compute."""
    return max(4, 2 * processors)


def parse_dockerfile(name: str, data: bytes) -> Dockerfile:
    """A Dockerfile without errors. Raises SourceErrors."""
    dockerfile = parse(SourceText(name, data.decode("utf-8", "replace")))
    if dockerfile.errors:
        raise SourceErrors(dockerfile.errors)
    return dockerfile


def _summary(step: Step) -> events.StepSummary:
    return events.StepSummary(step.index, step.name, step.stage, step.inputs, step.span)


def _platform(text: str, host: Platform) -> Platform:
    try:
        return parse_platform(text, host)
    except ValueError as error:
        raise UsageError(f"failed to parse platform: {error}") from error


def _split_contexts(
    given: tuple[tuple[str, str], ...],
) -> tuple[dict[str, str], dict[str, str]]:
    """Named contexts that are images, and those that are directories. Raises UsageError."""
    images: dict[str, str] = {}
    directories: dict[str, str] = {}
    for name, value in given:
        if value.startswith((LAYOUT_SCHEME, "docker-image://")):
            images[name] = value
        elif "://" in value or value.startswith("git@"):
            raise UsageError(
                f"unsupported context source {value.partition(':')[0]} for {name}",
                hint="use a directory, docker-image:// or oci-layout://",
            )
        else:
            directories[name] = value
    return images, directories


def _epoch(request: BuildRequest) -> int | None:
    """The explicit epoch of a request in seconds; a build argument wins over the environment."""
    text = dict(request.build_args).get("SOURCE_DATE_EPOCH", request.source_date_epoch)
    if not text:
        return None
    if not text.isdigit() or int(text) >= 1 << 33:
        raise UsageError(f"invalid SOURCE_DATE_EPOCH: {text}")
    return int(text)


def _secret(spec: SecretSpec) -> Secret | Path:
    return spec.value if spec.value is not None else Path(spec.src)
