"""Every rule: what it finds in its bad.Dockerfile, nothing in its good one, and its own documentation is true."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lithify.compiler.lint import rules
from lithify.compiler.lint.catalogue.file import SYNTAX_ERROR
from lithify.compiler.lint.registry import RULES
from lithify.compiler.lint.rule import Profile, Rule
from lithify.compiler.lint.world import RuleOptions
from tests.lint.worlds import world_of

if TYPE_CHECKING:
    from tests.lint.conftest import Lint

HERE = Path(__file__).parent
_SECTIONS = ("What it does:", "Why it matters:", "Example", "Use instead:")
_CONFIGURED = RuleOptions(
    ("registry.example.org", "*.example.org", "mirror.*"),
    (
        ("author", "text"),
        ("home", "url"),
        ("built", "rfc3339"),
        ("license", "spdx"),
        ("revision", "hash"),
        ("version", "semver"),
        ("contact", "email"),
    ),
    is_strict_about_labels=True,
)
_BLOCK = re.compile(r"^(Example|Use instead)[^\n]*:\n\n((?:    [^\n]*\n|\n)+)", re.MULTILINE)

every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.slug)


def _ignore(rule: Rule) -> str | None:
    path = HERE / rule.slug / "ignore"
    return path.read_text("utf-8") if path.exists() else None


def _text(rule: Rule, kind: str) -> str:
    return (HERE / rule.slug / f"{kind}.Dockerfile").read_text("utf-8")


def _profile(rule: Rule) -> str:
    """Our own profile, or the first that has the rule."""
    known = [one for one in Profile if one in rule.profiles]
    return known[0].value


def _options(rule: Rule) -> RuleOptions:
    """What is configured for the rules that are silent otherwise."""
    if rule.slug == "label-missing":
        return RuleOptions(label_schema=_CONFIGURED.label_schema[:1])
    return _CONFIGURED if rule.slug.startswith(("label-", "registry-")) else RuleOptions()


def _findings(rule: Rule, text: str, lint: Lint, ignore: str | None) -> list[str]:
    select = (rule.slug,) if rule.is_off or rule.is_experimental else ()
    found = lint(
        text,
        profile=_profile(rule),
        select=select,
        ignore=ignore,
        options=_options(rule),
        world=world_of(HERE / rule.slug),
    )
    return [f"{one.span.line}: {one.message}" for one in found if one.rule == rule]


@every_rule
def test_a_rule_finds_what_is_wrong_and_nothing_else_does(
    rule: Rule, lint: Lint, snapshot: Any
) -> None:
    findings = _findings(rule, _text(rule, "bad"), lint, _ignore(rule))
    assert findings
    assert findings == snapshot


@every_rule
def test_a_rule_is_silent_about_a_good_file(rule: Rule, lint: Lint) -> None:
    text = _text(rule, "good")
    assert not _findings(SYNTAX_ERROR, text, lint, _ignore(rule))
    assert not _findings(rule, text, lint, _ignore(rule))


@every_rule
def test_the_documentation_of_a_rule_is_whole_and_its_examples_are_true(
    rule: Rule, lint: Lint
) -> None:
    text = import_module(rule.module).__doc__ or ""
    assert all(section in text for section in _SECTIONS)
    examples = dict(_BLOCK.findall(text + "\n"))
    found = {
        kind: bool(_findings(rule, _whole(block), lint, f"{_ignore(rule) or ''}\n*.log"))
        for kind, block in examples.items()
    }
    assert found == {"Example": True, "Use instead": False}


def _whole(block: str) -> str:
    text = re.sub("^    ", "", block, flags=re.MULTILINE).strip("\n") + "\n"
    text = text.replace("image-for-amd64-only", "foreign").replace("linux/amd64", "linux/s390x")
    return text if "FROM" in text else f"{text if text.startswith('#') else ''}FROM busybox\n{text}"


def test_every_module_of_a_rule_is_in_the_table() -> None:
    modules = {path.stem for path in Path(next(iter(rules.__path__))).glob("*.py")}
    assert modules - {"__init__"} == {rule.slug.replace("-", "_") for rule in RULES}


@pytest.mark.parametrize("profile", Profile)
def test_names_of_rules_are_told_apart(profile: Profile) -> None:
    """Names of other tools may stand for several of our rules, but for no other of the same tools."""
    rules_of_it = [rule for rule in RULES if profile in rule.profiles]
    names = [name for rule in rules_of_it for name in (rule.slug, rule.name)]
    aliases = {name for rule in rules_of_it for name in rule.aliases}
    assert len(names) == len(set(names))
    assert aliases.isdisjoint(names)


def test_every_rule_has_its_folder_and_no_folder_is_left_over() -> None:
    folders = {path.parent.name for path in HERE.glob("*/bad.Dockerfile")}
    assert folders == {rule.slug for rule in RULES}


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("JSONArgsRecommended", "json-args-recommended"),
        ("SecretsUsedInArgOrEnv", "secrets-used-in-arg-or-env"),
        ("FromAsCasing", "from-as-casing"),
    ],
)
def test_a_rule_leads_to_its_page(name: str, page: str) -> None:
    url = next(rule.url for rule in RULES if rule.name == name)
    assert url == f"https://docs.docker.com/go/dockerfile/rule/{page}/"
