"""What enters a key and what does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from lithify.cache.ports import Leaf
from lithify.compiler.keys import KeySurroundings, definition_keys, key_of, step_leaves
from lithify.compiler.plan import ContextTree, CopyOp, Plan, RunOp

PlanOf = Callable[..., Plan]
SURROUNDINGS = KeySurroundings(1, "normalisers 1")


def leaves_of(plan: Plan, parent: str = "P", surroundings: KeySurroundings = SURROUNDINGS,
              contents: Sequence[str] | None = None) -> tuple[Leaf, ...]:  # fmt: skip
    """Leaves of the last step, all inputs with the content `C` unless given."""
    step = plan.steps[-1]
    if contents is None:
        count = 0
        if isinstance(step.op, CopyOp):
            count = len(step.op.sources)
        elif isinstance(step.op, RunOp):
            count = len(step.op.mounts)
        contents = ("C",) * count
    return step_leaves(step, surroundings, parent=parent, contents=contents)


def key(plan: Plan, parent: str = "P", contents: Sequence[str] | None = None) -> str:
    return key_of(leaves_of(plan, parent, contents=contents))


BASE = "FROM plain AS other\nFROM base\n"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("RUN x", 'RUN ["/bin/sh", "-c", "x"]'),
        ("RUN x", "LABEL a=1\nEXPOSE 80\nCMD y\nRUN x"),
        ("RUN x", "# comment\nrun   x"),
        ("RUN --mount=type=cache,target=/c x", "RUN --mount=type=cache,target=/c,id=/c x"),
        (
            "RUN --mount=type=cache,target=/c x",
            "RUN --mount=type=cache,target=/c,id=y,sharing=locked x",
        ),
        ("RUN --mount=source=a,target=/c x", "RUN --mount=source=b,target=/c x"),
        ("COPY a/f /x", "COPY b/f /x"),
        ("COPY a /x", "USER u\nENV a=1\nLABEL b=1\nARG c=2\nCOPY a /x"),
        ("COPY a /srv/x", "COPY a x"),
        ("COPY --from=other /a /x", "COPY a /x"),
        ("WORKDIR /w", "WORKDIR ../w/"),
    ],
)
def test_what_cannot_matter_does_not_enter(plan_of: PlanOf, one: str, other: str) -> None:
    assert key(plan_of(f"{BASE}{one}\n")) == key(plan_of(f"{BASE}{other}\n"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("RUN x", "RUN y"),
        ("RUN x", "ENV a=1\nRUN x"),
        ("RUN x", "ARG a=1\nRUN x"),
        ("RUN x", "USER u\nRUN x"),
        ("RUN x", "WORKDIR /w\nRUN x"),
        ("RUN x", "RUN --network=none x"),
        ("ENV a=1 b=2\nRUN x", "ENV b=2 a=1\nRUN x"),
        ("RUN x", "RUN --mount=type=tmpfs,target=/t x"),
        ("RUN --mount=type=tmpfs,target=/t x", "RUN --mount=type=tmpfs,target=/t,size=1k x"),
        ("RUN --mount=target=/t x", "RUN --mount=target=/t,rw x"),
        ("RUN --mount=type=secret,id=a x", "RUN --mount=type=secret,id=b,target=/run/secrets/a x"),
        ("RUN --mount=type=secret,id=a,env=A x", "RUN --mount=type=secret,id=a,env=B x"),
        (
            "RUN --mount=type=cache,target=/c x",
            "RUN --mount=type=cache,target=/c,from=other x",
        ),
        ("RUN <<E\n#!/bin/a\nE", "RUN <<E\n#!/bin/b\nE"),
        ("COPY a /x", "COPY b /x"),
        ("COPY a /x", "COPY a /x/"),
        ("COPY a /x", "COPY --chown=1 a /x"),
        ("COPY a /x", "COPY --chmod=755 a /x"),
        ("COPY a /x", "COPY --exclude=b a /x"),
        ("COPY a /x", "COPY --link a /x"),
        ("COPY a /x", "ADD a /x"),
        ("COPY --parents a/f /x", "COPY --parents b/f /x"),
        ("COPY <<A /x\n1\nA", "COPY <<A /x\n2\nA"),
        ("COPY <<A /x\n1\nA", "COPY <<B /x\n1\nB"),
        ("WORKDIR /w", "USER u\nWORKDIR /w"),
    ],
)
def test_what_can_matter_enters(plan_of: PlanOf, one: str, other: str) -> None:
    assert key(plan_of(f"{BASE}{one}\n")) != key(plan_of(f"{BASE}{other}\n"))


def test_proxies_and_addresses_of_extra_hosts_do_not_enter(plan_of: PlanOf) -> None:
    plain = plan_of("FROM plain\nRUN x\n", extra_hosts=(("db", "1.1.1.1"),))
    proxied = plan_of(
        "FROM plain\nRUN x\n", args={"https_proxy": "p"}, extra_hosts=(("db", "2.2.2.2"),)
    )
    assert key(plain) == key(proxied)
    assert key(plain) != key(plan_of("FROM plain\nRUN x\n"))


def test_parent_and_contents_enter(plan_of: PlanOf) -> None:
    plan = plan_of("FROM plain\nCOPY a /x\n")
    assert len({key(plan), key(plan, parent="Q"), key(plan, contents=("D",))}) == 3


def test_the_parent_of_a_linked_copy_does_not_enter(plan_of: PlanOf) -> None:
    plan = plan_of("FROM plain\nCOPY --link a /x\n")
    assert key(plan) == key(plan, parent="Q")


def test_the_platform_enters_where_a_process_runs(plan_of: PlanOf) -> None:
    run, copy = plan_of("FROM plain\nRUN x\n"), plan_of("FROM plain\nCOPY a /\n")
    for plan, is_equal in ((run, False), (copy, True)):
        step = plan.steps[-1]
        foreign = replace(step, platform=replace(step.platform, architecture="arm64"))
        changed = replace(plan, steps=(*plan.steps[:-1], foreign))
        assert (key(plan) == key(changed)) is is_equal


@pytest.mark.parametrize(
    ("change", "run", "copy"),
    [
        ({"epoch": 0}, True, True),
        ({"layer_form": 2}, True, True),
        ({"normalisers": "2"}, True, False),
        ({"faithful": True}, True, False),
    ],
)
def test_surroundings_enter_where_they_matter(
    plan_of: PlanOf, change: dict[str, object], run: bool, copy: bool
) -> None:
    changed = replace(SURROUNDINGS, **change)  # type: ignore[arg-type]
    for text, differs in (("RUN x", run), ("COPY a /", copy)):
        plan = plan_of(f"FROM plain\n{text}\n")
        assert (leaves_of(plan) != leaves_of(plan, surroundings=changed)) is differs


def test_normalisers_do_not_enter_where_they_are_off(plan_of: PlanOf) -> None:
    plan = plan_of("FROM plain\nRUN x\n")
    one, other = (KeySurroundings(1, text, faithful=True) for text in ("1", "2"))
    assert leaves_of(plan, surroundings=one) == leaves_of(plan, surroundings=other)


def test_leaves_are_named_for_explanations(plan_of: PlanOf) -> None:
    run = plan_of("FROM plain\nRUN --mount=target=/m --mount=type=secret,id=i,env=S x\n")
    names = [leaf.name for leaf in leaves_of(run)]
    assert {"text", "env.PATH", "mount./m", "secret.S", "parent", "platform"} <= set(names)
    assert len(names) == len(set(names))
    copy = [leaf.name for leaf in leaves_of(plan_of("FROM plain\nCOPY a b /x/\n"))]
    assert {"source.0", "source.1", "destination"} <= set(copy)


def test_parts_of_a_key_cannot_flow_into_each_other() -> None:
    assert key_of((Leaf("a", "bc"),)) != key_of((Leaf("ab", "c"),))
    assert key_of((Leaf("a", "b"), Leaf("c", "d"))) != key_of((Leaf("a", "bcd"),))


def test_a_key_is_what_it_was() -> None:
    """A change here throws every cache away: raise KEY_FORMAT and say so in the change log."""
    assert key_of((Leaf("text", "x"), Leaf("env.A", "\u00e9"))) == (
        "7216e9848ebaddfb0a8d8320c84179346aa16f3212abb42b7dfdc111c3723c7d"
    )


def test_definition_keys_follow_the_definition(plan_of: PlanOf) -> None:
    def keys(text: str) -> tuple[str, ...]:
        return definition_keys(
            plan_of(text), SURROUNDINGS, lambda tree, path: f"{tree.name}:{path}"
        )

    first = keys("FROM plain\nRUN x\nCOPY a /a\n")
    assert keys("FROM plain\nRUN y\nCOPY a /a\n")[0] == first[0]
    assert len(set(first) | set(keys("FROM plain\nRUN y\nCOPY a /a\n")[1:])) == 5


def test_definition_keys_take_the_content_of_contexts_if_known(plan_of: PlanOf) -> None:
    plan = plan_of("FROM plain\nCOPY a /a\n")

    def keys(content: str) -> tuple[str, ...]:
        def look(tree: ContextTree, path: str) -> str:
            return content

        return definition_keys(plan, SURROUNDINGS, look)

    assert keys("1")[0] == keys("2")[0]
    assert keys("1")[1] != keys("2")[1]
