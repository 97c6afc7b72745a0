"""Owns `lithify why`: what the steps of a build did, and why those that ran were not cached.

It shows what the store remembers of its last builds; the same reasons as `build --explain` showed then. It refuses to
look at any context or Dockerfile: they may have changed since.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lithify.cli.guard import DONE
from lithify.cli.parser import command_parser, parse
from lithify.cli.table import render_table, short_digest, shorten
from lithify.cli.text import clean_line
from lithify.cli.times import ago
from lithify.errors import UsageError

if TYPE_CHECKING:
    from lithify.cache.history import BuildRecord, StepRecord
    from lithify.cli.door import Door
    from lithify.upkeep import Answer

_WIDEST = 50


def run(arguments: list[str], door: Door) -> int:
    """Print the account of one build, or of some of its steps."""
    made = command_parser(
        "why", "Say why steps of a build ran.", usage="[OPTIONS] [TAG|BUILD] [STEP]"
    )
    add = made.add_argument
    add("words", metavar="TAG|BUILD|STEP", nargs="*", help="default: the last build, all steps")
    add("--json", action="store_true", help="everything that is known, as JSON")
    add("-l", "--list", action="store_true", help="list the builds that are remembered")
    flags = parse(made, arguments, door)
    if len(flags.words) > 2:
        raise UsageError(f"unexpected argument: {flags.words[2]}", hint="see `lithify why --help`")
    with door.engine() as engine:
        upkeep = engine.upkeep()
        if flags.list:
            text = _render_list(upkeep.builds(), is_json=flags.json)
        else:
            answer = upkeep.why(tuple(flags.words))
            text = _as_json(answer) if flags.json else _render(answer)
    sys.stdout.write(text)
    return DONE


def _render_list(builds: tuple[BuildRecord, ...], *, is_json: bool) -> str:
    if is_json:
        return "".join(json.dumps(_build_json(build)) + "\n" for build in builds)
    now_s = time.time()
    rows = [
        [
            build.id,
            ago(max(build.created, build.repeated), now_s),
            _names(build) or build.project.context,
            short_digest(build.digest) if build.digest else "failed",
            _counts(build),
        ]
        for build in builds
    ]
    return render_table(["BUILD", "WHEN", "NAME", "DIGEST", "STEPS"], rows)


def _render(answer: Answer) -> str:
    build = answer.build
    lines = [_headline(build), ""]
    if answer.is_selected:
        for number, step in answer.steps:
            lines += [f"{number}. {clean_line(step.name)}", f"   {_outcome(step)}"]
            lines += [f"   - {clean_line(line)}" for line in step.reasons]
        return "\n".join(lines) + "\n"
    rows = [
        [
            str(number),
            shorten(clean_line(step.name), _WIDEST),
            _outcome(step),
            clean_line(step.reasons[0]) if step.reasons else "",
        ]
        for number, step in answer.steps
    ]
    table = render_table(["#", "STEP", "OUTCOME", "WHY"], rows)
    failure = [f"failed: {clean_line(build.error)}"] if build.error else []
    return "\n".join([*lines, table.rstrip("\n"), *failure]) + "\n"


def _headline(build: BuildRecord) -> str:
    now_s = time.time()
    what = " ".join(part for part in (_names(build), build.digest) if part) or build.project.context
    again = f", unchanged {ago(build.repeated, now_s)}" if build.repeated else ""
    return clean_line(
        f"build {build.id}, {ago(build.created, now_s)}{again}: {what} "
        f"({_counts(build)}, {build.seconds:.1f}s)"
    )


def _names(build: BuildRecord) -> str:
    return ", ".join(name.removeprefix("docker.io/library/") for name in build.project.names)


def _counts(build: BuildRecord) -> str:
    cached = sum(step.outcome == "cached" for step in build.steps)
    return f"{len(build.steps)} step{'' if len(build.steps) == 1 else 's'}, {cached} cached"


def _outcome(step: StepRecord) -> str:
    if step.outcome in ("ran", "failed"):
        return f"{step.outcome} {step.seconds:.1f}s"
    return {"waiting": "not reached"}.get(step.outcome, step.outcome)


def _as_json(answer: Answer) -> str:
    document = _build_json(answer.build)
    document["steps"] = [_step_json(number, step) for number, step in answer.steps]
    return json.dumps(document, indent=2) + "\n"


def _build_json(build: BuildRecord) -> dict[str, Any]:
    steps = [_step_json(number, step) for number, step in enumerate(build.steps, 1)]
    return {**asdict(build), "id": build.id, "steps": steps}


def _step_json(number: int, step: StepRecord) -> dict[str, Any]:
    leaves = {leaf.name: leaf.value for leaf in step.leaves}
    return {"number": number, **asdict(step), "leaves": leaves}
