"""What depends on which files and arguments, asked of plans alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lithify.compiler.analysis.impact import argument_impact, base_images, rerun, waiting_s
from lithify.compiler.analysis.uses import Use, context_uses
from lithify.compiler.keys import KeySurroundings
from lithify.compiler.plan import Plan
from lithify.errors import SourceError

PlanOf = Callable[..., Plan]
AROUND = KeySurroundings(1, "normalisers 1")


def uses_of(plan: Plan) -> tuple[Use, ...]:
    return context_uses(plan, lambda _, path: path)


def touches(plan: Plan, path: str) -> bool:
    return any(use.touches(path) for use in uses_of(plan))


@pytest.mark.parametrize(
    ("instruction", "taken", "left"),
    [
        ("COPY a /x", ["a", "a/b/c"], ["b", "ab", "b/a"]),
        ("COPY . /x", ["a", "a/b/c"], []),
        (
            "COPY src/*.py /x/",
            ["src/a.py", "src/dir.py/below"],
            ["src/a.txt", "src/d/a.py", "a.py"],
        ),
        ("COPY s?c/[ab] /x/", ["src/a", "src/b"], ["src/c", "sc/a"]),
        ("COPY --exclude=*.md docs /x", ["docs/a.txt", "docs/d/a.md"], ["docs/a.md"]),
        ("COPY --exclude=*.md a.md /x", ["a.md"], ["b.md"]),
        ("COPY --parents ./src/*.py /x/", ["src/a.py"], ["src/a.txt", "a.py"]),
        ("COPY --parents a/./b/**/*.c /x/", ["a/b/d/e.c", "a/b/e.c"], ["b/e.c", "a/b/e.h"]),
        ("ADD a b /x/", ["a", "b"], ["c"]),
        ("RUN --mount=source=lib,target=/lib true", ["lib", "lib/a"], ["src/lib"]),
        ("RUN --mount=target=/all true", ["anything/at/all"], []),
        ("COPY --from=other /a /x", [], ["a"]),
        ("COPY <<a /x/\nhello\na", [], ["a"]),
    ],
)
def test_a_path_belongs_to_a_source_as_copy_would_take_it(
    plan_of: PlanOf, instruction: str, taken: list[str], left: list[str]
) -> None:
    plan = plan_of(f"FROM plain AS other\nFROM base\n{instruction}\n")
    assert [path for path in (*taken, *left) if touches(plan, path)] == taken


def test_a_source_that_is_a_link_means_what_it_leads_to(plan_of: PlanOf) -> None:
    plan = plan_of("FROM base\nCOPY link /x\n")
    (use,) = context_uses(plan, lambda _, path: {"link": "real/dir"}[path])
    assert use.touches("real/dir/a")
    assert not use.touches("link")


def test_a_file_of_a_named_context_is_of_that_one(plan_of: PlanOf) -> None:
    plan = plan_of("FROM base\nCOPY --from=lib a /x\n", local_contexts=frozenset(("lib",)))
    assert [use.context for use in uses_of(plan)] == ["lib"]


CHAIN = """FROM base AS one
RUN a
FROM plain AS two
RUN b
FROM base
COPY --from=one /x /x
COPY --link --from=two /y /y
RUN --mount=from=two,target=/two c
"""


def names(plan: Plan, steps: tuple[int, ...]) -> list[str]:
    return [plan.steps[step].name.partition("] ")[2].partition(" #")[0] for step in steps]


def step_of(plan: Plan, text: str) -> int:
    return next(step.index for step in plan.steps if step.name.endswith(text))


def test_what_stands_on_a_step_reruns_with_it_and_what_stands_beside_it_does_not(
    plan_of: PlanOf,
) -> None:
    plan = plan_of(CHAIN)
    found = names(plan, rerun(plan, [step_of(plan, "RUN b")]))
    assert [one.split()[0] for one in found] == ["RUN", "COPY", "RUN"]
    assert "--link" in found[1]


def test_a_linked_copy_stays_but_passes_on_what_changed_below_it(plan_of: PlanOf) -> None:
    plan = plan_of(CHAIN)
    again = rerun(plan, [step_of(plan, "RUN a")])
    assert not any("--link" in name for name in names(plan, again))
    assert names(plan, again)[-1].endswith(" c")


ARGUMENTS = """ARG BASE=plain
FROM ${BASE} AS one
RUN a
FROM base
ARG USED=1
ARG LABELLED=x
LABEL l=$LABELLED
RUN --network=none b
COPY --from=one /x /x
"""


def impact(plan_of: PlanOf, name: str, *values: str, text: str = ARGUMENTS) -> list[str]:
    plan = plan_of(text)

    def replan(argument: str, value: str) -> Plan:
        return plan_of(text, args={argument: value})

    found = argument_impact(plan, AROUND, replan, name, values)
    assert not found.problem
    return [one.split()[0] for one in names(plan, found.steps)]


def test_an_argument_reaches_the_runs_behind_its_declaration(plan_of: PlanOf) -> None:
    assert impact(plan_of, "USED", "2") == ["RUN", "COPY"]


def test_an_argument_of_a_base_reaches_all_that_stands_on_it(plan_of: PlanOf) -> None:
    text = "ARG BASE=plain\nFROM base AS kept\nRUN k\nFROM ${BASE}\nRUN a\nCOPY --from=kept /x /x\n"
    assert impact(plan_of, "BASE", "base", text=text) == ["FROM", "RUN", "COPY"]


def test_an_argument_that_only_labels_see_changes_the_configuration_alone(
    plan_of: PlanOf,
) -> None:
    text = "FROM base\nRUN b\nARG L=x\nLABEL l=$L\n"
    plan = plan_of(text)
    found = argument_impact(
        plan, AROUND, lambda _, value: plan_of(text, args={"L": value}), "L", ["y"]
    )
    assert (found.steps, found.changes_config) == ((), True)


def test_values_that_cannot_be_planned_are_passed_over(plan_of: PlanOf) -> None:
    text = "FROM base\nARG PORT=80\nEXPOSE $PORT\nRUN b\n"
    assert impact(plan_of, "PORT", "80x", "81", text=text) == ["RUN"]


def test_an_argument_without_any_other_value_says_why(plan_of: PlanOf) -> None:
    def replan(name: str, value: str) -> Plan:
        raise SourceError(f"{value} is wrong")

    found = argument_impact(plan_of("FROM base\n"), AROUND, replan, "A", ["x", "y"])
    assert (found.steps, found.problem) == ((), "x is wrong")


def test_waiting_is_for_the_longest_chain_and_not_for_what_runs_beside_it(
    plan_of: PlanOf,
) -> None:
    plan = plan_of(CHAIN)
    seconds: list[float | None] = [None] * len(plan.steps)
    seconds[step_of(plan, "RUN a")] = 5.0
    seconds[step_of(plan, "RUN b")] = 3.0
    every = range(len(plan.steps))
    assert waiting_s(plan, every, seconds) == 5.0
    assert waiting_s(plan, [step_of(plan, "RUN b")], seconds) == 3.0
    assert waiting_s(plan, [], seconds) == 0.0


def test_base_images_are_told_by_name(plan_of: PlanOf) -> None:
    assert set(base_images(plan_of(CHAIN))) == {
        "docker.io/library/base:latest",
        "docker.io/library/plain:latest",
    }
