"""Mutated Dockerfiles through the formatter: nothing that is built may change, quickly and without a traceback.

`python -m tests.fuzz.formatting --count 100000` searches long; a case is named by its seed and number, so that
`--seed S --first N --count 1` shows it again. The tests of the formatter judge by `judge` as well.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import random
import re
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from lithify.compiler.dump import StepKey, render_plan
from lithify.compiler.keys import KeySurroundings, definition_keys
from lithify.compiler.lint.engine import plan_and_check
from lithify.compiler.plan import BuildOptions
from lithify.compiler.stages import make_plan
from lithify.errors import LithifyError, SourceErrors, SourceText
from lithify.grammar.ast import From, Healthcheck, Onbuild
from lithify.grammar.dump import dump_instructions
from lithify.grammar.format import FormatOptions, apply_edits, format_text
from lithify.grammar.parser import parse

if TYPE_CHECKING:
    from types import FrameType, ModuleType

    from lithify.grammar.ast import Dockerfile, Instruction

_MOST_SECONDS = 20.0
#: Checks of long texts take longer than all the rest.
_MOST_CHECKED = 3000
_QUOTING = re.compile("[\"'\\\\`]")
_OPTIONS = (
    *[FormatOptions()] * 3,
    FormatOptions(indent="\t", line_ending="crlf"),
    FormatOptions(indent="  ", line_ending="lf", width=20, final_newline=False),
    FormatOptions(indent="", width=None),
)


def _neighbour(name: str) -> ModuleType:
    """A module of this folder, however this one was started."""
    full = f"lithify_fuzz_{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, Path(__file__).with_name(f"{name}.py"))
        assert spec is not None and spec.loader is not None
        sys.modules[full] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[full])
    return sys.modules[full]


_dockerfiles = _neighbour("dockerfiles")
messy = _neighbour("layouts").messy
#: Rules that look at layout only: the formatter mends what they find.
_LAYOUT_RULES = frozenset(
    ("ConsistentInstructionCasing", "FromAsCasing", "NoEmptyContinuation", "LegacyKeyValueFormat")
)


def judge(text: str, options: FormatOptions) -> str | None:
    """Format a text and hold the result against it; None for a text with mistakes, else the new text."""
    source = SourceText("Dockerfile", text)
    try:
        edits = format_text(source, options)
    except SourceErrors:
        assert parse(source).errors
        return None
    new = apply_edits(text, edits)
    assert new == text or edits
    assert_minimal(text, edits)
    old_file, new_file = parse(source), parse(SourceText("Dockerfile", new))
    assert not new_file.errors
    assert meaning(new_file) == meaning(old_file)
    assert comments_of(new_file) == comments_of(old_file)
    assert built(new_file) == built(old_file)
    if len(text) < _MOST_CHECKED:
        assert findings(new_file) == findings(old_file)
    again = apply_edits(new, format_text(new_file.source, options))
    assert again == new, "not idempotent"
    return new


def assert_minimal(text: str, edits: tuple[Any, ...]) -> None:
    """Edits are in order, apart, and neither begin nor end with what stays."""
    at = 0
    for edit in edits:
        assert at <= edit.start <= edit.end
        at = edit.end
        old = text[edit.start : edit.end]
        assert old != edit.text
        assert not (old and edit.text and (old[0] == edit.text[0] or old[-1] == edit.text[-1]))


def meaning(dockerfile: Dockerfile) -> list[Any]:
    """All that instructions say, byte by byte, and the directives."""
    shown = dump_instructions("", dockerfile)["instructions"]
    directives = [(one.name, one.value) for one in dockerfile.directives]
    return [
        dockerfile.escape,
        directives,
        *(
            _said(instruction, facts)
            for instruction, facts in zip(dockerfile.instructions, shown, strict=True)
        ),
    ]


def _said(instruction: Instruction, facts: dict[str, Any]) -> Any:
    facts = {key: value for key, value in facts.items() if key != "lines"}
    facts["name"] = facts["name"].upper()
    args = facts["args"]
    if isinstance(instruction, Onbuild):
        facts["trigger"] = instruction.trigger
    elif isinstance(instruction, From) and len(args) == 3:
        args[1] = args[1].upper()
    elif isinstance(instruction, Healthcheck):
        args[0] = args[0].upper()
    elif facts["name"] in ("ENV", "LABEL") and len(args) == 2:
        args[1] = _unquoted(args[1])
    facts["heredocs"] = [(*one.items(),) for one in facts["heredocs"]]
    return facts


def _unquoted(value: str) -> str:
    """A value without quotes that only hold its blanks together."""
    inner = value[1:-1]
    is_plain = value[:1] == value[-1:] == '"' and len(value) > 1 and not _QUOTING.search(inner)
    return inner if is_plain else value


def comments_of(dockerfile: Dockerfile) -> list[Any]:
    """Every comment with the instruction it stands in or above, in order."""
    starts = [one.span.start for one in dockerfile.instructions]
    ends = [one.span.end for one in dockerfile.instructions]
    found = []
    for comment in dockerfile.comments:
        before = sum(end <= comment.span.start for end in ends)
        inside = before < len(starts) and starts[before] <= comment.span.start
        found.append((comment.text, before, inside))
    # A comment on the line above is one that other programs take for a remark about the instruction.
    lines = {one.span.line for one in dockerfile.instructions}
    found.append([one.text for one in dockerfile.comments if one.span.line + 1 in lines])
    documented = [[c.text for c in one.comments] for one in dockerfile.instructions]
    return [found, documented]


def built(dockerfile: Dockerfile) -> Any:
    """The plan with its keys but without places and names for display; or the mistake."""
    try:
        plan = make_plan(
            dockerfile, BuildOptions(host=_dockerfiles._AMD64), _dockerfiles.Images(())
        )
    except LithifyError as error:
        return type(error).__name__, re.sub(r"\s+|line \d+", " ", error.message)
    keys = definition_keys(plan, KeySurroundings(1, "1"), lambda tree, path: f"{tree.name} {path}")
    document = json.loads(render_plan(plan, [StepKey(key) for key in keys], "json"))
    del document["warnings"]
    for step in document["steps"]:
        del step["line"], step["name"]
    return document


def findings(dockerfile: Dockerfile) -> list[tuple[str, str]]:
    """What the checks of a build find, but for layout."""
    options = BuildOptions(host=_dockerfiles._AMD64)
    checked = plan_and_check(dockerfile, options, _dockerfiles.Images(()), lambda: None)
    found = ((one.rule.name, one.message) for one in checked.findings)
    return sorted(one for one in found if one[0] not in _LAYOUT_RULES)


def run_case(seed: int, number: int, seeds: list[str]) -> tuple[str, str]:
    """One case: what came of it (`formatted`, `refused`, or the error), and the trace if it failed."""
    generator = random.Random(f"{seed}/{number}")
    text = _dockerfiles.mutated(seeds, generator)
    if generator.random() < 0.5:
        text = messy(generator)
        if generator.random() < 0.5:
            text = _dockerfiles.mutated([text], generator)
    if generator.random() < 0.1:
        text = text.replace("\n", "\r\n")
    signal.setitimer(signal.ITIMER_PROF, _MOST_SECONDS)
    try:
        options = generator.choice(_OPTIONS)
        new = judge(text, options)
        if new is None:
            text = _without_mistakes(text)
            new = judge(text, options)
    except (Exception, _dockerfiles.TooSlow) as error:  # noqa: BLE001 - this is what is looked for
        return type(error).__name__, f"{traceback.format_exc(limit=-8)}{text[:3000]!r}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return "refused" if new is None else "unchanged" if new == text else "formatted", ""


def _without_mistakes(text: str) -> str:
    """A text without the lines of its mistakes, so that more than one in three is formatted."""
    lines = text.splitlines(keepends=True)
    for error in parse(SourceText("Dockerfile", text)).errors:
        if error.span is not None:
            first, last = error.span.line, error.span.last_line
            lines[first - 1 : last] = [""] * (last - first + 1)
    return "".join(lines)


def _too_slow(_: int, __: FrameType | None) -> NoReturn:
    raise _dockerfiles.TooSlow(f"more than {_MOST_SECONDS} s of processor time")


def main(argv: list[str] | None = None) -> int:
    """Run cases until the count is reached or ten failed; 1 if any failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args(argv)
    signal.signal(signal.SIGPROF, _too_slow)
    seeds = _dockerfiles.read_seeds()
    outcomes: dict[str, int] = {}
    failures = 0
    started = time.monotonic()
    for number in range(arguments.first, arguments.first + arguments.count):
        outcome, trace = run_case(arguments.seed, number, seeds)
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
        if trace:
            failures += 1
            print(f"--- seed {arguments.seed}, case {number}\n{trace}")
            if failures == 10:
                break
    ran = sum(outcomes.values())
    print(f"{ran} cases from {len(seeds)} seeds, {time.monotonic() - started:.0f} s: {outcomes}")
    print(f"{failures} failed")
    return 1 if failures or not ran else 0


if __name__ == "__main__":
    sys.exit(main())
