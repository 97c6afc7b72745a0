"""Owns one build: from a request to steps, images and exports, in the ten stages of docs/lifecycle.md.

It is the facade's inside: it joins the compiler, which knows no effects, to the executor, which knows no Dockerfile. It
refuses to live longer than its build.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple, Self

from lithify import unchanged
from lithify.cache.oci import Index
from lithify.cache.platform import host_platform
from lithify.cache.resolutions import known_digest
from lithify.compiler import keys
from lithify.compiler.dump import StepKey, render_plan
from lithify.compiler.lint.engine import plan_and_check, violation
from lithify.contexts import Contexts, make_access
from lithify.errors import LostBlob, SourceErrors, SourceText
from lithify.executor import events
from lithify.executor.assemble import assemble
from lithify.executor.builder import Outcome, StepBuilder
from lithify.executor.emulation import check_runnable
from lithify.executor.export.ports import ExportImage
from lithify.executor.scheduler import run_all
from lithify.executor.services import Services
from lithify.executor.snapshot.snapshots import Snapshots
from lithify.grammar.parser import parse
from lithify.outputs import Outputs, digest_of, names_of
from lithify.planning import build_options, key_surroundings
from lithify.recording import project_of, recorded
from lithify.requests import BuildResult
from lithify.sharing import Sharing

if TYPE_CHECKING:
    from collections.abc import Callable

    from lithify.cache.digest import CacheKey, Digest
    from lithify.cache.ignore import IgnoreMatcher
    from lithify.cache.oci import Descriptor
    from lithify.cache.ports import Leaf
    from lithify.compiler.dump import Format
    from lithify.compiler.lint.engine import Checked
    from lithify.compiler.outline import Outline, Target
    from lithify.compiler.plan import BuildOptions, Plan, PlanWarning, Step
    from lithify.executor.inputs import BuildInputs
    from lithify.executor.publishing import CachePublisher
    from lithify.grammar.ast import Dockerfile
    from lithify.requests import BuildRequest
    from lithify.surroundings import Surroundings


class _Begun(NamedTuple):
    """When a build began, by a clock that only advances and as Unix time, in seconds."""

    started: float
    at_s: float


class BuildSession:
    """One request on its way; a context manager that owns what the build opens."""

    def __init__(self, request: BuildRequest, surroundings: Surroundings) -> None:
        self._request = request
        self._around = surroundings
        self._stack = ExitStack()
        self._inputs: BuildInputs | None = None
        self._access = make_access(request, surroundings.cancellation)
        self._contexts = Contexts(request, surroundings.store, self._access, surroundings.stdin)
        self._stack.callback(self._contexts.close)
        self._resolver = surroundings.registries.resolver(request.pull)
        self._sharing = self._stack.enter_context(Sharing(request, surroundings))
        self._publisher: CachePublisher | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    # -- planning --------------------------------------------------------------------------------

    def plan(self) -> Plan:
        """Stages 1 to 6: read, parse, resolve, plan; tell what the checks found.

        Raises SourceError, ImageNotFound, ..."""
        checked = plan_and_check(self._read(), self._options(), self._resolver, self._ignore)
        for one in checked.warnings:
            self._around.emit(_warned(one))
        if error := checked.error or violation(checked):
            raise error
        assert checked.plan is not None
        return checked.plan

    def check(self) -> Checked:
        """Planning and checks alone; without a target all stages are looked at. Raises LithifyError."""
        from lithify.compiler.offline import LenientResolver

        resolver = LenientResolver(self._around.registries.resolver("never"))
        every_stage = not self._request.target
        file, options = self._read(), self._options()
        return plan_and_check(file, options, resolver, self._ignore, every_stage=every_stage)

    def outline(self) -> Outline:
        """What the target can be given. Raises LithifyError."""
        from lithify.compiler.offline import LenientResolver
        from lithify.compiler.outline import make_outline

        resolver = LenientResolver(self._around.registries.resolver("never"))
        return make_outline(self._read(), self._options(), resolver)

    def targets(self) -> tuple[Target, ...]:
        """The stages of the file. Raises LithifyError."""
        from lithify.compiler.outline import list_targets

        return list_targets(self._read())

    def _read(self) -> Dockerfile:
        """The Dockerfile, mistakes included."""
        self._inputs = inputs = self._contexts.read_inputs()
        return parse(SourceText(inputs.name, inputs.dockerfile.decode("utf-8", "replace")))

    def _ignore(self) -> IgnoreMatcher | None:
        return self._contexts.open("").ignore

    def _options(self) -> BuildOptions:
        return build_options(self._request, self._contexts)

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
        begun = _Begun(time.monotonic(), time.time())
        if self._request.attestations:
            from lithify.attesting import read_wanted

            read_wanted(self._request)  # what cannot be honoured is refused before any work
        plan = self.plan()
        check_runnable(plan, host_platform(os.uname().machine))
        self._around.emit(events.PlanReady(tuple(_summary(step) for step in plan.steps)))
        builder = self.builder(plan)
        with recorded(builder.explainer) as finish:
            images, result = self._complete(plan, builder, begun)
            finish(result)
        if self._sharing.records is not None:
            self._sharing.records.settle(time.time())
        self._remember(plan, builder, images, result)
        return result

    def _complete(
        self, plan: Plan, builder: StepBuilder, begun: _Begun
    ) -> tuple[list[ExportImage], BuildResult]:
        """Steps, images and outputs; once more without it if a shared cache lacks what it promised."""
        while True:
            outcomes = self._run(plan, builder)
            try:
                images = self._assemble(plan, builder, outcomes)
                attested = self._attest(begun, plan, builder, images)
                result = self._finish(images, outcomes, builder, plan, begun.started, attested)
                return images, result
            except LostBlob as lost:
                builder.lose(lost)
                builder.forget_lost()

    def _remember(
        self, plan: Plan, builder: StepBuilder, images: list[ExportImage], result: BuildResult
    ) -> None:
        """Leave a note for the next build of the same, if all that was read can be compared."""
        assert self._inputs is not None
        listings = builder.listings()
        store = self._around.store
        bases = tuple((name, known_digest(store, name)) for name in self._resolver.resolved)
        # The ignore file can change this finding alone, without any file taken being another.
        about_ignored = any(one.rule == "CopyIgnoredFile" for one in plan.warnings)
        if (
            listings is None
            or self._contexts.has_fetched
            or not unchanged.is_eligible(self._request)
            or about_ignored
        ):
            return
        note = unchanged.Note(
            bases,
            listings,
            tuple(_summary(step) for step in plan.steps),
            self._store_result(images),
            result.config_digest,
            tuple(_warned(one) for one in plan.warnings),
        )
        # What is not in the store by its name can't be compared.
        if all(digest for _, digest in bases):
            unchanged.remember(self._request, self._inputs.dockerfile, note, store)

    def services(self, plan: Plan) -> Services:
        """What the steps of a plan may use."""
        request = self._request
        return Services(
            store=self._around.store,
            snapshots=Snapshots(self._around.store),
            sandbox=self._around.sandbox,
            cancellation=self._around.cancellation,
            contexts=self._contexts.open,
            clock=time.time,
            access=self._access,
            remotes=self._contexts.remotes,
            walks=self._around.walks,
            epoch_s=plan.epoch,
            faithful=request.faithful,
            shared=self._sharing.records,
        )

    def builder(self, plan: Plan) -> StepBuilder:
        """The builder of a plan's steps."""
        project = project_of(self._request, self._inputs)
        services = self.services(plan)
        self._publisher = publisher = self._sharing.publisher(plan, services)
        on_done = publisher.done if publisher is not None else lambda step, layer: None
        builder = StepBuilder(plan, services, self._keys(plan), self._around.emit, project, on_done)
        self._stack.callback(builder.close)
        return builder

    def _run(self, plan: Plan, builder: StepBuilder) -> list[Outcome]:
        while True:
            outcomes = run_all(
                [step.inputs for step in plan.steps],
                builder.build,
                jobs=self._request.jobs or default_jobs(os.cpu_count() or 1),
                cancellation=self._around.cancellation,
                last_first=self._request.last_first,
            )
            if not builder.forget_lost():
                return outcomes

    def _keys(self, plan: Plan) -> Callable[..., tuple[CacheKey, tuple[Leaf, ...]]]:
        around = self._key_surroundings(plan)

        def key(
            step: Step, parent: str, contents: tuple[str, ...]
        ) -> tuple[CacheKey, tuple[Leaf, ...]]:
            leaves = keys.step_leaves(step, around, parent=parent, contents=contents)
            return keys.key_of(leaves), leaves

        return key

    def _key_surroundings(self, plan: Plan) -> keys.KeySurroundings:
        return key_surroundings(plan, faithful=self._request.faithful)

    # -- results ---------------------------------------------------------------------------------

    def _assemble(
        self, plan: Plan, builder: StepBuilder, outcomes: list[Outcome]
    ) -> list[ExportImage]:
        images = []
        store, steps = self._around.store, builder.explainer.steps
        for planned in plan.results:
            layers = () if planned.output is None else outcomes[planned.output].layers
            inline = ""
            if self._sharing.is_inline and self._publisher is not None:
                inline = self._publisher.inline(plan, planned, steps, builder.selections)
            descriptor, config = assemble(
                store, planned, layers, epoch_s=plan.epoch, inline_cache=inline
            )
            images.append(ExportImage(descriptor, config, layers, planned.platform))
        return images

    def _attest(
        self, begun: _Begun, plan: Plan, builder: StepBuilder, images: list[ExportImage]
    ) -> dict[Digest, Descriptor]:
        """What is asked for to be said of the images, by the digests of their manifests."""
        if not self._request.attestations:
            return {}
        from lithify.attesting import Built, attest_images

        assert self._inputs is not None
        built = Built(plan, builder, self._contexts, self._inputs, begun.at_s, time.time())
        return attest_images(self._request, self._around, built, images)

    def _finish(
        self,
        images: list[ExportImage],
        outcomes: list[Outcome],
        builder: StepBuilder,
        plan: Plan,
        started: float,
        attested: dict[Digest, Descriptor],
    ) -> BuildResult:
        descriptor = self._store_result(images)
        names = names_of(self._request)
        outputs = Outputs(self._request, self._around, plan.epoch, attested)
        exports = outputs.write(images, descriptor)
        if self._publisher is not None:
            self._publisher.finish(builder.explainer.steps, builder.selections)
        digest = digest_of(exports, descriptor)
        cached = sum(outcome.cached for outcome in outcomes)
        seconds = time.monotonic() - started
        finished = events.BuildFinished(digest, names, seconds, steps=len(outcomes), cached=cached)
        self._around.emit(finished)
        config = images[0].config.digest if len(images) == 1 else ""
        warnings = tuple(_warned(one).text for one in plan.warnings)
        return BuildResult(digest, config, names, len(outcomes), cached, seconds, warnings, exports)

    def _store_result(self, images: list[ExportImage]) -> Descriptor:
        if len(images) == 1:
            return images[0].manifest
        index = Index.make(tuple(image.manifest for image in images))
        return self._around.store.blobs.put(index.raw, index.media_type)


def default_jobs(processors: int) -> int:
    """How many steps run at a time unless asked: steps wait for disks and networks more than they compute."""
    return max(4, 2 * processors)


def parse_dockerfile(name: str, data: bytes) -> Dockerfile:
    """A Dockerfile without errors. Raises SourceErrors."""
    dockerfile = parse(SourceText(name, data.decode("utf-8", "replace")))
    if dockerfile.errors:
        raise SourceErrors(dockerfile.errors)
    return dockerfile


def _warned(warning: PlanWarning) -> events.Warned:
    return events.Warned(warning.rule, warning.message, warning.span, warning.url)


def _summary(step: Step) -> events.StepSummary:
    return events.StepSummary(step.index, step.name, step.stage, step.inputs, step.span)
