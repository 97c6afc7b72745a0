"""Mutated Dockerfiles through the linter and its repairs: no traceback, no hang, and no repair that does harm.

What was repaired has no more mistakes than before, is left alone by a second run, and, by safe repairs, is planned as
before but for what the repaired rules are about. `python -m tests.fuzz.linting --count 100000` searches long; a case is
named by its seed and number, as in `dockerfiles`.
"""

from __future__ import annotations

import random
import sys
import traceback
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from lithify.cache.platform import Platform
from lithify.compiler.lint.catalogue.commands import COMMANDS
from lithify.compiler.lint.catalogue.insight import INSIGHT
from lithify.compiler.lint.fixes import fix_text
from lithify.compiler.lint.linter import Surrounding, lint
from lithify.compiler.lint.policy import Policy
from lithify.compiler.lint.rule import Profile
from lithify.compiler.offline import LenientResolver
from lithify.compiler.plan import BuildOptions
from lithify.compiler.stages import make_plan
from lithify.errors import LithifyError, SourceText
from lithify.grammar.parser import parse
from tests.fuzz.dockerfiles import (
    Failure,
    Images,
    TooSlow,
    mutated,
    search,
    start_clock,
    stop_clock,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lithify.compiler.lint.fixes import Fixed
    from lithify.compiler.lint.linter import LintFinding
    from lithify.grammar.ast import Dockerfile

_OPTIONS = BuildOptions(host=Platform("linux", "amd64"))
_RESOLVER = LenientResolver(Images(()))
_SURROUNDING = Surrounding(_OPTIONS, _RESOLVER)
_POLICIES = tuple(Policy(profile=profile) for profile in Profile)
#: Rules look at every word again, also where values double with each line, and repairs take rounds.
_MOST_SECONDS = 10.0
#: What in an image the safe repairs of a rule may change.
_ABOUT = {
    **{rule.slug: frozenset(("steps",)) for rule in (*COMMANDS, *INSIGHT)},
    "json-form": frozenset(("cmd", "entrypoint", "healthcheck")),
    "maintainer": frozenset(("labels", "author")),
    "env-build-only": frozenset(("env", "steps")),
    "add-instead-of-copy": frozenset(("steps",)),
    "copy-multi-dest-slash": frozenset(("steps",)),
}


class Harm(Exception):
    """A repair that is none."""


def _lint(dockerfile: Dockerfile) -> Sequence[LintFinding]:
    return lint(dockerfile, Policy(), _SURROUNDING)


def check(text: str) -> str:
    """Lint and repair a text; says what came of it. Raises Harm, or whatever the linter lets escape."""
    for policy in _POLICIES:
        start_clock(_MOST_SECONDS)
        lint(parse(SourceText("Dockerfile", text)), policy, _SURROUNDING)
    outcome = "clean"
    for unsafe in (True, False):
        start_clock(_MOST_SECONDS)
        fixed = fix_text("Dockerfile", text, _lint, unsafe=unsafe)
        start_clock(_MOST_SECONDS)
        again = fix_text("Dockerfile", fixed.text, _lint, unsafe=unsafe)
        if again.text != fixed.text:
            raise Harm(f"{again.rules} find more to repair in {fixed.text!r}")
        if _mistakes(fixed.text) > _mistakes(text):
            raise Harm(f"{fixed.rules} make mistakes: {fixed.text!r}")
        outcome = "repaired" if fixed.rules else outcome
    _compare(text, fixed)
    return outcome


def _mistakes(text: str) -> int:
    return len(parse(SourceText("Dockerfile", text)).errors)


def _compare(before: str, fixed: Fixed) -> None:
    """Refuse safe repairs that change more than their rules are about."""
    start_clock(_MOST_SECONDS)
    meaning = _meaning(before)
    if meaning is None or not fixed.rules:
        return
    after = _meaning(fixed.text)
    if after is None:
        raise Harm(f"{fixed.rules} make it impossible: {fixed.text!r}")
    allowed = frozenset().union(*(_ABOUT.get(rule, ()) for rule in fixed.rules))
    changed = {name for name, value in meaning.items() if after[name] != value} - allowed
    if changed:
        raise Harm(f"{fixed.rules} change {sorted(changed)}: {fixed.text!r}")


def _meaning(text: str) -> dict[str, Any] | None:
    """What a text builds; None if it cannot be built."""
    try:
        plan = make_plan(parse(SourceText("Dockerfile", text)), _OPTIONS, _RESOLVER)
    except LithifyError:
        return None
    image = plan.results[0]
    meaning = {one.name: getattr(image.config, one.name) for one in fields(image.config)}
    steps = [(step.op, step.parent, step.platform) for step in plan.steps]
    shape = [(type(step.op), step.parent, step.platform) for step in plan.steps]
    return {**meaning, "author": image.author, "steps": steps, "shape": shape}


def run_case(seed: int, number: int, seeds: list[str]) -> tuple[str, Failure | None]:
    """One case: what came of it, and the failure if it was one."""
    text = mutated(seeds, random.Random(f"{seed}/{number}"))
    try:
        return check(text), None
    except (Exception, TooSlow) as error:  # noqa: BLE001 - whatever it is, it is what is looked for
        return type(error).__name__, Failure(number, text, traceback.format_exc(limit=-12))
    finally:
        stop_clock()


if __name__ == "__main__":
    sys.exit(search(run_case, __doc__))
