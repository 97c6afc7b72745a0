"""Whether foreign programs can run is known before anything runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lithify.cache.platform import Platform
from lithify.compiler.plan import CopyOp, Plan, RunOp, Step
from lithify.errors import BuildError, SourceText, Span
from lithify.executor.emulation import check_runnable

if TYPE_CHECKING:
    from pathlib import Path

AMD64 = Platform("linux", "amd64")
SPAN = Span(SourceText("Dockerfile", "RUN true"), 0, 3)


def plan_of(platform: Platform, op: RunOp | CopyOp) -> Plan:
    return Plan((Step(0, "[1/1] RUN true", "stage-0", op, None, platform, SPAN),), ())


RUN = RunOp(("true",), ())


@pytest.mark.parametrize("architecture", ["amd64", "386"])
def test_what_the_processor_runs_needs_no_interpreter(architecture: str, tmp_path: Path) -> None:
    check_runnable(plan_of(Platform("linux", architecture), RUN), AMD64, tmp_path)


def test_a_foreign_run_without_an_interpreter_is_refused_at_its_line(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="cannot run linux/arm64 programs") as caught:
        check_runnable(plan_of(Platform("linux", "arm64"), RUN), AMD64, tmp_path)
    assert caught.value.span == SPAN
    assert "aarch64" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "is_enough"),
    [
        ("enabled\ninterpreter /usr/bin/qemu-aarch64-static\nflags: OCF\n", True),
        ("enabled\ninterpreter /usr/bin/qemu-aarch64-static\nflags: OC\n", False),
        ("disabled\ninterpreter /usr/bin/qemu-aarch64-static\nflags: OCF\n", False),
    ],
)
def test_an_interpreter_must_be_enabled_and_fixed(
    text: str, is_enough: bool, tmp_path: Path
) -> None:
    (tmp_path / "qemu-aarch64").write_text(text)
    plan = plan_of(Platform("linux", "arm64"), RUN)
    if is_enough:
        check_runnable(plan, AMD64, tmp_path)
    else:
        with pytest.raises(BuildError):
            check_runnable(plan, AMD64, tmp_path)


def test_a_foreign_copy_needs_no_interpreter(tmp_path: Path) -> None:
    check_runnable(plan_of(Platform("linux", "arm64"), CopyOp("COPY", (), "/")), AMD64, tmp_path)


def test_another_operating_system_cannot_run(tmp_path: Path) -> None:
    with pytest.raises(BuildError):
        check_runnable(plan_of(Platform("windows", "amd64"), RUN), AMD64, tmp_path)
