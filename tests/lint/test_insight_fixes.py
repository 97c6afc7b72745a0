"""Changes that rules offer: each ends its finding, nothing is left to change, and a safe one leaves the image as it
is."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lithify.compiler.lint.catalogue.file import SYNTAX_ERROR
from lithify.compiler.lint.catalogue.insight import INSIGHT
from lithify.compiler.offline import NoImages
from lithify.compiler.plan import BuildOptions
from lithify.compiler.stages import make_plan
from lithify.errors import SourceText
from lithify.grammar.parser import parse
from tests.lint.conftest import AMD64
from tests.lint.worlds import world_of

if TYPE_CHECKING:
    from lithify.compiler.lint.context import Fix
    from lithify.compiler.lint.linter import LintFinding
    from lithify.compiler.lint.rule import Rule
    from lithify.compiler.plan import Plan
    from tests.lint.conftest import Lint

HERE = Path(__file__).parent
_MOST_ROUNDS = 20


def _bad(rule: Rule) -> str:
    return (HERE / rule.slug / "bad.Dockerfile").read_text("utf-8")


def _findings(rule: Rule, text: str, lint: Lint) -> list[LintFinding]:
    folder = HERE / rule.slug
    ignore = folder / "ignore"
    found = lint(
        text,
        select=(rule.slug,) if rule.is_off else (),
        ignore=ignore.read_text("utf-8") if ignore.exists() else None,
        world=world_of(folder),
    )
    assert SYNTAX_ERROR not in [one.rule for one in found] or SYNTAX_ERROR in [
        one.rule for one in lint(_bad(rule))
    ]
    return [one for one in found if one.rule == rule]


def _applied(text: str, fix: Fix) -> str:
    edits = sorted(fix.edits, key=lambda edit: edit.span.start)
    for one, other in pairwise(edits):
        assert one.span.end <= other.span.start
    for edit in reversed(edits):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


def _repaired(rule: Rule, text: str, lint: Lint, *, only_safe: bool = False) -> str:
    """The text after all changes a rule offers, one at a time; each must end a finding."""
    findings = _findings(rule, text, lint)
    for _ in range(_MOST_ROUNDS):
        fixes = [fix for one in findings for fix in one.fixes if fix.is_safe or not only_safe]
        if not fixes:
            return text
        text = _applied(text, fixes[0])
        left = _findings(rule, text, lint)
        assert len(left) < len(findings), f"{fixes[0].title} ended nothing:\n{text}"
        findings = left
    raise AssertionError("the changes never end")


_FIXING = [rule for rule in INSIGHT if "Fix(" in Path(rule.module.replace(".", "/").replace(
    "lithify/compiler", "compiler") + ".py").read_text("utf-8")]  # fmt: skip


@pytest.mark.parametrize("rule", _FIXING, ids=lambda rule: rule.slug)
def test_the_changes_of_a_rule_end_its_findings(rule: Rule, lint: Lint, snapshot: Any) -> None:
    repaired = _repaired(rule, _bad(rule), lint)
    assert repaired != _bad(rule)
    assert repaired == snapshot


def _plan(text: str) -> Plan:
    options = BuildOptions(host=AMD64)
    return make_plan(parse(SourceText("Dockerfile", text)), options, NoImages())


@pytest.mark.parametrize("slug", ["stage-by-index", "arg-scope"])
def test_a_safe_change_of_names_leaves_all_steps_as_they_are(slug: str, lint: Lint) -> None:
    rule = next(one for one in INSIGHT if one.slug == slug)
    text = {
        "stage-by-index": _bad(rule),
        "arg-scope": "ARG UNUSED=1\nFROM busybox\nRUN make\nARG LAST\nCMD x\n",
    }[slug]
    repaired = _repaired(rule, text, lint, only_safe=True)
    assert repaired != text
    before, after = _plan(text), _plan(repaired)
    assert [step.op for step in before.steps] == [step.op for step in after.steps]
    assert before.results[0].config == after.results[0].config


@pytest.mark.parametrize(
    ("slug", "text"),
    [
        ("volume-then-write", "FROM busybox\nVOLUME /d\nRUN touch /d/x\nCMD x\n"),
        ("arg-before-run", "FROM debian\nARG GIT_SHA\nRUN apk add x\nLABEL a=$GIT_SHA\nCMD x\n"),
        ("env-before-run", "FROM a\nARG GIT_SHA=1\nENV S=$GIT_SHA\nRUN apk add x\nRUN echo $S\n"),
        ("chown-after-copy", "FROM a\nCOPY <<x.y /x.y\nhi\nx.y\nRUN chmod 640 /x.y\n"),
        (
            "cache-mount-misuse",
            "FROM a\nRUN --mount=type=cache,target=/var/lib/apt apt-get update\n",
        ),
    ],
)
def test_a_safe_change_of_order_leaves_the_config_of_the_image_as_it_is(
    slug: str, text: str, lint: Lint
) -> None:
    rule = next(one for one in INSIGHT if one.slug == slug)
    repaired = _repaired(rule, text, lint, only_safe=True)
    assert repaired != text
    assert _plan(repaired).results[0].config == _plan(text).results[0].config
    assert not _findings(rule, repaired, lint)


def test_a_build_setting_is_all_that_leaves_the_image(lint: Lint) -> None:
    rule = next(one for one in INSIGHT if one.slug == "env-build-only")
    text = "FROM debian\nENV DEBIAN_FRONTEND=noninteractive\nENV A=1\nRUN x\n"
    before, after = _plan(text), _plan(_repaired(rule, text, lint, only_safe=True))
    gone = set(before.results[0].config.env) - set(after.results[0].config.env)
    assert gone == {"DEBIAN_FRONTEND=noninteractive"}
    assert [type(step.op) for step in before.steps] == [type(step.op) for step in after.steps]


def test_a_line_end_of_windows_stays(lint: Lint) -> None:
    rule = next(one for one in INSIGHT if one.slug == "volume-then-write")
    text = "FROM busybox\r\nVOLUME /d\r\nRUN touch /d/x\r\nCMD x\r\n"
    assert _repaired(rule, text, lint) == "FROM busybox\r\nRUN touch /d/x\r\nVOLUME /d\r\nCMD x\r\n"


def test_the_last_line_needs_no_end(lint: Lint) -> None:
    rule = next(one for one in INSIGHT if one.slug == "volume-then-write")
    text = "FROM busybox\nVOLUME /d\nRUN touch /d/x"
    assert _repaired(rule, text, lint) == "FROM busybox\nRUN touch /d/x\nVOLUME /d"


@pytest.mark.parametrize(
    "line",
    [
        "COPY --from=$X /a /b",
        "COPY --from=9 /a /b",
        "COPY --from=-1 /a /b",
        "RUN --mount=type=nonsense,x true",
        "RUN --mount=from=$X,target=/a true",
        "COPY ${a:!b} [x /y",
        'COPY ["a"',
        "ADD git@x:y#:: https://[ /",
        "HEALTHCHECK --start-interval=x CMD a",
        "ONBUILD COPY --from=$X a b",
        "RUN curl ' | sh <( $((",
        "USER ${x:",
        "WORKDIR \\\\",
        "FROM $X@@:",
        "VOLUME",
    ],
)
def test_no_rule_fails_on_what_cannot_be_understood(line: str, lint: Lint) -> None:
    world = world_of(HERE / "copy-source-missing")
    everything = tuple(rule.slug for rule in INSIGHT)
    text = f"FROM busybox AS a\n{line}\nFROM image-with-curl\n{line}\nENTRYPOINT x\nCMD y\n"
    assert isinstance(lint(text, select=everything, world=world), tuple)
