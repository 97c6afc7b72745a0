"""Stages, targets, named contexts, triggers, platforms, and which steps a plan has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lithify.cache.platform import Platform
from lithify.compiler.plan import (
    ContextTree,
    CopyOp,
    ImageOp,
    Plan,
    RunOp,
    ScratchTree,
    StepTree,
    TreeSource,
)
from lithify.errors import ImageNotFound, SourceError

PlanOf = Callable[..., Plan]
ARM64 = Platform("linux", "arm64")
AMD64 = Platform("linux", "amd64")


def names(plan: Plan) -> list[str]:
    return [step.name for step in plan.steps]


def copied_tree(plan: Plan, index: int = -1) -> object:
    op = plan.steps[index].op
    assert isinstance(op, CopyOp)
    source = op.sources[0]
    assert isinstance(source, TreeSource)
    return source.tree


def test_steps_are_named_by_stage_and_place(plan_of: PlanOf) -> None:
    text = "FROM base AS one\nRUN make $FROM_BASE\nFROM plain\nWORKDIR /w\nCOPY --from=one /a /b\n"
    digest = "@sha256:"
    assert [name.partition(digest)[0] for name in names(plan_of(text))] == [
        "[one 1/2] FROM docker.io/library/base:latest",
        "[one 2/2] RUN make yes",
        "[stage-1 1/3] FROM docker.io/library/plain:latest",
        "[stage-1 2/3] WORKDIR /w",
        "[stage-1 3/3] COPY --from=one /a /b",
    ]


def test_a_single_stage_is_not_named(plan_of: PlanOf) -> None:
    assert names(plan_of("FROM scratch AS one\nCOPY a /\n")) == ["[1/1] COPY a /"]


def test_unreachable_stages_are_neither_resolved_nor_planned(
    plan_of: PlanOf, resolver: Any
) -> None:
    plan = plan_of("FROM nowhere AS unused\nRUN x\nFROM plain\n")
    assert len(plan.steps) == 1
    assert resolver.asked == [("plain", "linux/amd64")]


def test_a_stage_is_found_without_regard_to_case_by_copy_and_target(plan_of: PlanOf) -> None:
    text = "FROM plain AS STAge0\nRUN x\nFROM scratch AS last\nCOPY --from=staGE0 /a /a\n"
    assert copied_tree(plan_of(text)) == StepTree(1)
    assert plan_of(text, target="Stage0").results[0].output == 1


def test_a_stage_is_found_by_number_in_copy_only(plan_of: PlanOf, resolver: Any) -> None:
    assert copied_tree(plan_of("FROM plain\nFROM scratch\nCOPY --from=0 /a /a\n")) == StepTree(0)
    with pytest.raises(ImageNotFound, match="0: failed to resolve source metadata"):
        plan_of("FROM plain\nFROM plain\nRUN --mount=from=0,target=/x true\n")


def test_from_takes_the_latest_definition_above_and_copy_the_last_in_the_file(
    plan_of: PlanOf,
) -> None:
    text = "FROM scratch AS a\nCOPY 1 /\nFROM scratch AS a\nCOPY 2 /\nFROM a\nCOPY --from=a /2 /3\n"
    plan = plan_of(text)
    assert [step.parent for step in plan.steps] == [None, 0]
    assert copied_tree(plan) == StepTree(0)


def test_from_scratch_copies_from_nothing(plan_of: PlanOf) -> None:
    assert copied_tree(plan_of("FROM plain\nCOPY --from=scratch /a /b\n")) == ScratchTree()


def test_equal_steps_of_two_stages_are_one(plan_of: PlanOf) -> None:
    text = "FROM plain AS a\nRUN x\nFROM plain AS b\nRUN x\nRUN y\nCOPY --from=a /1 /2\n"
    plan = plan_of(text)
    assert [type(step.op) for step in plan.steps] == [ImageOp, RunOp, RunOp, CopyOp]


def test_steps_that_give_nothing_to_the_target_are_left_out(plan_of: PlanOf) -> None:
    text = "FROM plain AS a\nRUN x\nFROM scratch\nCOPY --from=a <<EOF /f\nhi\nEOF\n"
    plan = plan_of(text)
    assert [type(step.op) for step in plan.steps] == [CopyOp]
    assert plan.steps[0].index == 0
    assert plan.results[0].output == 0


@pytest.mark.parametrize("name", ["busybox", "busybox:latest", "docker.io/library/busybox"])
def test_a_named_context_stands_for_an_image_however_it_is_spelled(
    plan_of: PlanOf, name: str
) -> None:
    plan = plan_of(f"FROM {name}\n", image_contexts=(("busybox", "oci-layout://there"),))
    assert "NAMED=1" in plan.results[0].config.env


def test_a_context_of_a_platform_goes_first(plan_of: PlanOf, resolver: Any) -> None:
    contexts = (("x", "nowhere"), ("x::linux/arm64", "oci-layout://there"))
    plan_of("FROM x\n", image_contexts=contexts, platforms=(ARM64,))
    assert resolver.asked == [("oci-layout://there", "linux/arm64")]


def test_a_named_context_replaces_a_stage_and_its_base_is_not_looked_up(
    plan_of: PlanOf, resolver: Any
) -> None:
    text = "FROM nowhere AS build\nRUN x\nFROM scratch\nCOPY --from=build /a /a\n"
    plan = plan_of(text, local_contexts=frozenset({"build"}))
    assert copied_tree(plan) == ContextTree("build")
    assert resolver.asked == []


def test_from_a_directory_is_a_copy_of_it(plan_of: PlanOf) -> None:
    plan = plan_of("FROM files\nRUN x\n", local_contexts=frozenset({"files"}))
    assert copied_tree(plan, 0) == ContextTree("files")
    assert plan.steps[1].parent == 0
    assert names(plan)[0] == "[1/2] FROM files"


def test_from_a_replaced_stage_starts_with_its_files(plan_of: PlanOf) -> None:
    text = "FROM nowhere AS a\nFROM a\nRUN x\n"
    plan = plan_of(text, local_contexts=frozenset({"a"}))
    assert copied_tree(plan, 0) == ContextTree("a")
    assert plan.steps[1].parent == 0


def test_scratch_is_never_a_named_context(plan_of: PlanOf) -> None:
    plan = plan_of("FROM scratch\n", local_contexts=frozenset({"scratch"}))
    assert plan.results[0].output is None


def test_triggers_of_an_image_run_first_and_bring_new_stages(plan_of: PlanOf) -> None:
    text = "FROM plain AS helper\nRUN x\nFROM trigger\nENV AFTER=$FIRED\n"
    plan = plan_of(text)
    config = plan.results[0].config
    assert config.on_build == ()
    assert "AFTER=1" in config.env
    assert copied_tree(plan) == StepTree(1)
    assert names(plan)[-1] == "[stage-1 2/2] ONBUILD COPY --from=helper /a /b"


def test_triggers_of_a_stage_fire_in_its_child_but_not_in_the_grandchild(plan_of: PlanOf) -> None:
    text = "FROM plain AS a\nONBUILD RUN echo 1\nFROM a AS b\nFROM b\nRUN y\n"
    plan = plan_of(text)
    runs = [step.name for step in plan.steps if isinstance(step.op, RunOp)]
    assert runs == ["[b 1/1] ONBUILD RUN echo 1", "[stage-2 1/1] RUN y"]
    assert plan.results[0].config.on_build == ()


def test_platforms_share_what_does_not_depend_on_them(plan_of: PlanOf) -> None:
    text = (
        "FROM --platform=$BUILDPLATFORM plain AS build\nRUN common\nARG TARGETARCH\nRUN own\n"
        "FROM scratch\nCOPY --from=build /a /a\n"
    )
    plan = plan_of(text, platforms=(AMD64, ARM64))
    assert [name.partition("@")[0] for name in names(plan)] == [
        "[linux/amd64 build 1/3] FROM docker.io/library/plain:latest",
        "[linux/amd64 build 2/3] RUN common",
        "[linux/amd64 build 3/3] RUN own",
        "[linux/amd64 stage-1 1/1] COPY --from=build /a /a",
        "[linux/amd64->arm64 build 3/3] RUN own",
        "[linux/arm64 stage-1 1/1] COPY --from=build /a /a",
    ]
    assert [str(image.platform) for image in plan.results] == ["linux/amd64", "linux/arm64"]
    assert [image.output for image in plan.results] == [3, 5]


def test_an_explicit_target_platform_labels_the_image(plan_of: PlanOf) -> None:
    text = "FROM --platform=linux/arm64 plain\n"
    assert str(plan_of(text).results[0].platform) == "linux/arm64"
    assert str(plan_of(text, platforms=(AMD64,)).results[0].platform) == "linux/amd64"


def test_no_cache_marks_run_and_copy_of_the_named_stages(plan_of: PlanOf) -> None:
    text = "FROM plain AS one\nRUN x\nWORKDIR /w\nFROM one AS two\nCOPY a /\n"
    marked = [step.no_cache for step in plan_of(text, no_cache_filter=("ONE",)).steps]
    assert marked == [False, True, False, False]
    assert [step.no_cache for step in plan_of(text, no_cache=True).steps] == [
        False, True, False, True,
    ]  # fmt: skip


def test_an_image_without_layers_needs_no_step(plan_of: PlanOf, resolver: Any) -> None:
    resolver.layers = 0
    plan = plan_of("FROM base\n")
    assert plan.steps == ()
    assert plan.results[0].config.user == "app"


@pytest.mark.parametrize(
    ("text", "message", "marked"),
    [
        ("ARG a=1\n", "dockerfile contains no stages to build", "ARG a=1"),
        ("RUN x\nFROM scratch\n", "no build stage in current context", "RUN x"),
        ("FROM $X\n", "base name ($X) should not be blank", "$X"),
        ("FROM --platform=$X plain\n", "empty platform value from expression $X", "--platform=$X"),
        (
            "ARG TARGETPLATFORM\nFROM --platform=$TARGETPLATFROM plain\n",
            "(did you mean TARGETPLATFORM?)",
            "--platform=$TARGETPLATFROM",
        ),
        (
            "FROM --platform=a/b/c/d plain\n",
            "failed to parse platform a/b/c/d",
            "--platform=a/b/c/d",
        ),
        ("FROM scratch\nCOPY --from=7 /a /a\n", "invalid stage index 7", "--from=7"),
        (
            "FROM plain AS self\nCOPY --from=self /a /a\n",
            "circular dependency detected on stage: self",
            "--from=self",
        ),
        (
            (
                "FROM b AS x\nFROM scratch AS stage0\nCOPY --from=stage1 /a /\n"
                "FROM scratch AS stage1\nCOPY --from=stage0 /a /\nFROM scratch\n"
            ),
            "circular dependency detected on stage: stage0",
            "--from=stage0",
        ),
        (
            "FROM plain AS target\nCOPY --from=build /a /a\nFROM plain AS build\nFROM target\n",
            'cannot copy from stage "build", it needs to be defined before current stage "target"',
            "--from=build",
        ),
        (
            "FROM plain AS a\nRUN --mount=from=b,target=/y x\nFROM plain AS b\nFROM a\n",
            'cannot mount from stage "b" to "/y", stage needs to be defined before current command',
            "--mount=from=b,target=/y",
        ),
        (
            "FROM plain AS one\nFROM plain\nCOPY --from=$X /a /a\n",
            "variable expansion is not supported for --from",
            "--from=$X",
        ),
        ("FROM Base\n", "must be lowercase", "Base"),
        ("FROM plain\nCOPY --from=Not:::Valid /a /a\n", "invalid reference", "--from=Not:::Valid"),
        (
            "FROM plain AS a\nHEALTHCHECK --interval=1us CMD x\nFROM plain\n",
            'Interval "interval" cannot be less than 1ms',
            "--interval=1us",
        ),
    ],
)
def test_what_is_wrong_with_stages_is_said_at_its_place(
    plan_of: PlanOf, text: str, message: str, marked: str | None
) -> None:
    with pytest.raises(SourceError) as caught:
        plan_of(text)
    assert message in caught.value.message
    assert (caught.value.span.text if caught.value.span else None) == marked


def test_a_missing_base_is_said_with_a_suggestion(plan_of: PlanOf) -> None:
    with pytest.raises(ImageNotFound) as caught:
        plan_of("FROM plain AS build\nFROM biuld\n")
    assert caught.value.message == (
        "biuld: failed to resolve source metadata: no image biuld (did you mean build?)"
    )
    assert caught.value.span is not None
    assert caught.value.span.text == "biuld"
    assert caught.value.hint == "pull it first"


@pytest.mark.parametrize("target", ["0", "stage-0", "bulid"])
def test_a_target_is_a_name_only(plan_of: PlanOf, target: str) -> None:
    with pytest.raises(SourceError, match=f'target stage "{target}" could not be found'):
        plan_of("FROM plain AS build\n", target=target)


def test_a_misspelt_target_brings_a_suggestion(plan_of: PlanOf) -> None:
    with pytest.raises(SourceError) as caught:
        plan_of("FROM plain AS build\n", target="bulid")
    assert caught.value.suggestion == "build"


def test_a_wrong_trigger_is_said_of_the_from(plan_of: PlanOf) -> None:
    text = "FROM plain AS a\nONBUILD EXPOSE nothing\nFROM a AS b\n"
    with pytest.raises(SourceError, match="invalid containerPort: nothing") as caught:
        plan_of(text)
    assert caught.value.span is not None
    assert caught.value.span.text == "FROM a AS b"


def test_all_early_errors_are_reported_together(plan_of: PlanOf) -> None:
    text = "FROM plain\nCPOY a b\nHEALTHCHECK --retries=-1 CMD x\nRUN --bad x\n"
    with pytest.raises(SourceError) as caught:
        plan_of(text)
    assert [error.message for error in caught.value.errors] == [  # type: ignore[attr-defined]
        "unknown instruction: CPOY (did you mean COPY?)",
        "--retries cannot be negative (-1)",
        "unknown flag: --bad",
    ]
