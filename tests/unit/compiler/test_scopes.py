"""Variables: who sees which, and where the epoch comes from."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lithify.cache.platform import Platform
from lithify.compiler.plan import Plan, RunOp
from lithify.errors import SourceError

PlanOf = Callable[..., Plan]


def run_env(plan: Plan) -> dict[str, str]:
    op = plan.steps[-1].op
    assert isinstance(op, RunOp)
    return dict(op.env)


def run_op(plan: Plan) -> RunOp:
    op = plan.steps[-1].op
    assert isinstance(op, RunOp)
    return op


def test_a_global_arg_is_seen_only_where_it_is_declared_again(plan_of: PlanOf) -> None:
    text = "ARG a=1\nARG b=$a$a\nFROM plain\nARG b\nRUN x\n"
    assert run_env(plan_of(text)) == {"PATH": "/bin", "b": "11"}


def test_a_build_arg_wins_and_the_default_is_not_even_evaluated(plan_of: PlanOf) -> None:
    text = "ARG a=${x:?never}\nFROM plain\nARG a\nARG b=${y:?never}\nRUN x\n"
    assert run_env(plan_of(text, args={"a": "1", "b": "2"}))["b"] == "2"


def test_an_undeclared_build_arg_is_invisible(plan_of: PlanOf) -> None:
    assert "a" not in run_env(plan_of("FROM plain\nRUN x\n", args={"a": "1"}))


def test_the_last_writer_wins_between_arg_and_env(plan_of: PlanOf) -> None:
    plan = plan_of("FROM plain\nENV X=1\nARG X=2\nRUN x\n")
    assert run_env(plan)["X"] == "2"
    assert "X=1" in plan.results[0].config.env


def test_args_of_one_instruction_are_evaluated_left_to_right(plan_of: PlanOf) -> None:
    assert run_env(plan_of("FROM plain\nARG a=1 b=$a\nRUN x\n"))["b"] == "1"


def test_an_empty_default_defines_and_none_does_not(plan_of: PlanOf) -> None:
    env = run_env(plan_of("FROM plain\nARG BAR=\nARG FOO\nRUN x\n"))
    assert env["BAR"] == ""
    assert "FOO" not in env


def test_a_child_stage_inherits_args(plan_of: PlanOf) -> None:
    text = "FROM plain AS one\nARG a=1\nFROM one\nRUN x\n"
    assert run_env(plan_of(text))["a"] == "1"


def test_platform_args_describe_target_and_build_platform(plan_of: PlanOf) -> None:
    names = "BUILDPLATFORM BUILDARCH TARGETPLATFORM TARGETOS TARGETVARIANT TARGETSTAGE"
    args = "\n".join(f"ARG {name}" for name in names.split())
    plan = plan_of(
        f"FROM plain AS last\n{args}\nRUN x\n", platforms=(Platform("linux", "arm", "v7"),)
    )
    env = run_env(plan)
    assert [env[name] for name in names.split()] == [
        "linux/amd64", "amd64", "linux/arm/v7", "linux", "v7", "last",
    ]  # fmt: skip


def test_scanning_args_never_become_variables(plan_of: PlanOf) -> None:
    text = "FROM plain\nARG BUILDKIT_SBOM_SCAN_STAGE=true\nRUN x\n"
    assert "BUILDKIT_SBOM_SCAN_STAGE" not in run_env(plan_of(text))


def test_proxies_are_passed_beside_the_environment_in_both_cases(plan_of: PlanOf) -> None:
    plan = plan_of("FROM plain\nRUN x\n", args={"HTTP_PROXY": "a", "http_proxy": "b"})
    assert "HTTP_PROXY" not in run_env(plan)
    assert run_op(plan).proxies == (("HTTP_PROXY", "b"), ("http_proxy", "b"))


def test_a_declared_proxy_becomes_an_ordinary_variable(plan_of: PlanOf) -> None:
    plan = plan_of("FROM plain\nARG HTTP_PROXY\nRUN x\n", args={"HTTP_PROXY": "a"})
    assert run_env(plan)["HTTP_PROXY"] == "a"


@pytest.mark.parametrize(
    ("text", "options", "epoch"),
    [
        ("FROM plain\n", {}, None),
        ("FROM plain\n", {"epoch": 5}, 5),
        ("FROM plain\n", {"args": {"SOURCE_DATE_EPOCH": "7"}}, 7),
        ("ARG SOURCE_DATE_EPOCH=8\nFROM plain\n", {}, 8),
        ("ARG SOURCE_DATE_EPOCH=8\nFROM plain\n", {"args": {"SOURCE_DATE_EPOCH": ""}}, None),
        ("ARG SOURCE_DATE_EPOCH=context\nFROM plain\n", {}, None),
        ("FROM plain\nARG SOURCE_DATE_EPOCH=9\n", {}, None),
    ],
)
def test_the_epoch_comes_from_option_build_arg_or_global_arg(
    plan_of: PlanOf, text: str, options: dict[str, object], epoch: int | None
) -> None:
    assert plan_of(text, **options).epoch == epoch


def test_run_sees_the_epoch_only_if_it_declares_it(plan_of: PlanOf) -> None:
    assert "SOURCE_DATE_EPOCH" not in run_env(plan_of("FROM plain\nRUN x\n", epoch=5))
    text = "FROM plain\nARG SOURCE_DATE_EPOCH\nRUN x\n"
    assert run_env(plan_of(text, epoch=5))["SOURCE_DATE_EPOCH"] == "5"


def test_a_wrong_epoch_is_refused(plan_of: PlanOf) -> None:
    with pytest.raises(SourceError, match="invalid SOURCE_DATE_EPOCH: soon"):
        plan_of("ARG SOURCE_DATE_EPOCH=soon\nFROM plain\n")


def test_a_path_is_added_to_an_image_without_one(plan_of: PlanOf) -> None:
    plan = plan_of("FROM scratch AS a\nFROM a\nRUN x\n")
    assert run_env(plan)["PATH"].startswith("/usr/local/sbin:")
