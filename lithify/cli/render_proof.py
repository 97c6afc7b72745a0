"""Owns how a proof is shown: identical or not, the steps where builds part, each difference with cause and advice.

It refuses to show more than a screenful for one step: what is left out is counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.cli.render_diff import difference_line, finding_lines
from lithify.cli.text import clean_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.executor.perturb.process import Applied
    from lithify.proof import Explained, Origin, Proof

_MOST_SHOWN = 12


def round_heading(number: int) -> str:
    """What is shown before a build of a proof."""
    where = "as here" if number == 1 else "in other surroundings"
    return f"== build {number} of 2, {where}\n"


def render_proof(proof: Proof) -> str:
    """The whole proof as text."""
    lines = list(_verdict(proof))
    for origin in proof.origins:
        lines += ["", *_origin(origin)]
    if proof.later:
        steps = "step stands" if proof.later == 1 else "steps stand"
        lines += ["", f"{proof.later} later {steps} on what differs here, and differ with it"]
    lines += ["", *_surroundings(proof.second.surroundings)]
    if proof.kept:
        lines += ["", f"both stores are kept in {proof.kept}"]
    return "".join(f"{clean_line(line)}\n" for line in lines)


def _verdict(proof: Proof) -> Iterator[str]:
    if proof.is_identical:
        yield f"identical: {proof.first.digest}"
        return
    yield "different:"
    yield f"  first   {proof.first.digest}"
    yield f"  second  {proof.second.digest}"


def _origin(origin: Origin) -> Iterator[str]:
    place = f" (line {origin.line})" if origin.line else ""
    yield f"{origin.step or 'the image as a whole'}{place}"
    for one in origin.differences[:_MOST_SHOWN]:
        yield from _explained(one)
    hidden = len(origin.differences) - _MOST_SHOWN + origin.omitted
    if hidden > 0:
        yield f"  and {hidden} more differences"
    for cause in origin.causes:
        advice = next(one.advice for one in origin.differences if one.cause == cause)
        yield f"  likely cause: {cause}"
        yield f"    help: {advice}"


def _explained(one: Explained) -> Iterator[str]:
    yield f"  {difference_line(one.difference)}  [{one.cause}]"
    for finding in one.difference.findings:
        yield from finding_lines(finding, "      ")


def _surroundings(applied: tuple[Applied, ...]) -> Iterator[str]:
    yield "what was different around the second build:"
    for one in applied:
        if not one.reason:
            yield f"  {one.name}: {one.value}"
    for one in applied:
        if one.reason:
            yield f"  not {one.name}: {one.reason}"
