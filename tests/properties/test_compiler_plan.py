"""What holds for every plan, whatever the Dockerfile says."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from lithify.cache.platform import Platform
from lithify.cache.ports import ResolvedImage
from lithify.compiler.keys import KeySurroundings, definition_keys
from lithify.compiler.plan import BuildOptions, ContextTree, CopyOp, Plan
from lithify.compiler.stages import make_plan
from lithify.errors import ImageNotFound, LithifyError, SourceText
from lithify.grammar.parser import parse

HOST = Platform("linux", "amd64")
SURROUNDINGS = KeySurroundings(1, "1")


class NoImages:
    """A resolver that knows nothing."""

    def resolve(self, reference: str, platform: Platform) -> ResolvedImage:
        raise ImageNotFound(f"no image {reference} for {platform}")


def plan_of(text: str, **options: object) -> Plan:
    file = parse(SourceText("Dockerfile", text))
    return make_plan(file, BuildOptions(host=HOST, **options), NoImages())  # type: ignore[arg-type]


def keys_of(plan: Plan) -> tuple[str, ...]:
    def look(tree: ContextTree, path: str) -> str:
        return f"{tree.name} {path}"

    return definition_keys(plan, SURROUNDINGS, look)


@dataclass(frozen=True)
class Line:
    """An instruction: `from_` is how many stages back it copies from, 0 for the context."""

    text: str
    from_: int = 0


PLAIN = st.sampled_from(
    [
        "RUN a",
        "RUN b",
        "WORKDIR /w",
        "ENV A=1",
        "ARG B=2",
        "LABEL c=3",
        "COPY f /f",
        "COPY --link f /f",
    ]
).map(Line)
SIDEWAYS = st.builds(Line, st.sampled_from(["COPY --from={} /a /b", "RUN --mount=from={},target=/m c"]),
                     st.integers(1, 3))  # fmt: skip
STAGES = st.lists(
    st.tuples(st.integers(0, 3), st.lists(PLAIN | SIDEWAYS, max_size=5)), min_size=1, max_size=5
)


def render(stages: list[tuple[int, list[Line]]]) -> str:
    """Stages named s0, s1, ...; everything refers back, or to scratch where there is nothing."""

    def name(index: int, back: int) -> str:
        return f"s{index - back}" if 0 < back <= index else "scratch"

    lines: list[str] = []
    for index, (base, body) in enumerate(stages):
        lines.append(f"FROM {name(index, base)} AS s{index}")
        lines += [line.text.format(name(index, line.from_)) for line in body]
    return "\n".join(lines) + "\n"


@given(STAGES)
def test_every_input_stands_before_its_user(stages: list[tuple[int, list[Line]]]) -> None:
    plan = plan_of(render(stages))
    for place, step in enumerate(plan.steps):
        assert step.index == place
        assert all(one < place for one in step.inputs)


@given(STAGES)
def test_every_step_is_needed_by_the_result(stages: list[tuple[int, list[Line]]]) -> None:
    plan = plan_of(render(stages))
    needed = {image.output for image in plan.results if image.output is not None}
    for step in reversed(plan.steps):
        assert step.index in needed
        needed.update(step.inputs)


@given(STAGES)
def test_equal_steps_are_merged_so_only_linked_copies_share_a_key(
    stages: list[tuple[int, list[Line]]],
) -> None:
    plan = plan_of(render(stages))
    assert len({(step.op, step.parent) for step in plan.steps}) == len(plan.steps)
    linked = sum(isinstance(step.op, CopyOp) and step.op.link for step in plan.steps)
    assert len(set(keys_of(plan))) >= len(plan.steps) - linked


@given(STAGES, st.integers(0, 4))
def test_a_target_plans_a_part_of_the_whole(
    stages: list[tuple[int, list[Line]]], number: int
) -> None:
    text = render(stages)
    target = f"s{number % len(stages)}"
    part = set(keys_of(plan_of(text, target=target)))
    rest = f"{text}FROM scratch\nCOPY --from={target} / /\n"
    assert part <= set(keys_of(plan_of(rest)))


@given(st.permutations(["LABEL a=1", "LABEL b=2", "EXPOSE 80", "CMD x", "STOPSIGNAL 9"]), st.data())
def test_keys_do_not_depend_on_what_no_step_reads(order: list[str], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(order)))
    text = "\n".join(["FROM scratch", *order[:at], "COPY f /f", *order[at:], "RUN x"]) + "\n"
    plain = plan_of("FROM scratch\nCOPY f /f\nRUN x\n")
    assert keys_of(plan_of(text)) == keys_of(plain)


@given(st.dictionaries(st.sampled_from(["A", "B", "C"]), st.text("ab", max_size=3)))
def test_keys_do_not_depend_on_the_order_or_presence_of_unused_build_args(
    args: dict[str, str],
) -> None:
    text = "FROM scratch\nARG D\nRUN x\n"
    given_args = (*args.items(), ("D", "1"))
    forward = keys_of(plan_of(text, build_args=given_args))
    assert forward == keys_of(plan_of(text, build_args=given_args[::-1]))
    assert forward == keys_of(plan_of(text, build_args=(("D", "1"),)))


TOKENS = st.sampled_from(
    ["FROM scratch", "FROM a AS b", " AS a", "RUN ", "COPY ", "--from=a ", "--mount=", "type=", "ADD ",
     "cache,", "target=", "$A", "${A:-", "}", "=", "ENV A", "ARG A", "<<E", "E", "\n", "\\\n", "[", "]",
     '"', "'", "--chmod=7", "HEALTHCHECK ", "--interval=", "EXPOSE ", "8-", "http://h", ".git", "#", "?",
     "ONBUILD ", "WORKDIR ", "..", "/", ":", ",", "-", "0", "%"]
)  # fmt: skip


@given(st.lists(TOKENS, max_size=25))
def test_any_text_gives_a_plan_or_an_error_of_ours(tokens: list[str]) -> None:
    try:
        file = parse(SourceText("Dockerfile", "FROM scratch AS a\n" + "".join(tokens)))
        make_plan(file, BuildOptions(host=HOST), NoImages())
    except LithifyError as error:
        assert error.message
