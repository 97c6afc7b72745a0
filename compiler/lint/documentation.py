"""Owns the page of a rule: its module's docstring, as text for terminals and as Markdown for everything else.

A rule is documented where it is written, and nowhere else; whatever shows a page asks here. It refuses to add opinions:
besides the docstring a page holds what the table says.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from lithify.compiler.lint.registry import RULES, find_rule
from lithify.compiler.lint.rule import Profile

if TYPE_CHECKING:
    from lithify.compiler.lint.rule import Rule

_BLOCK = re.compile(r"(?:^(?: {4}[^\n]*|)\n)*^ {4}[^\n]*$", re.MULTILINE)
_LABEL = re.compile(r"^([A-Z][^\n:.]{2,40}):(?=[ \n]|$)", re.MULTILINE)


class Page(NamedTuple):
    """A rule's documentation: `title` is one sentence, `text` and `markdown` hold everything."""

    title: str
    text: str
    markdown: str


@cache
def page_of(name: str) -> Page | None:
    """The page of the rule with a name; None if there is none."""
    rule = find_rule(name)
    return make_page(rule, import_module(rule.module).__doc__ or "") if rule else None


def make_page(rule: Rule, docstring: str) -> Page:
    """A page of a docstring and what the table says."""
    title, _, body = docstring.strip().partition("\n")
    facts = _facts(rule)
    lines = "\n".join(f"{key}: {value}" for key, value in facts)
    text = f"{rule.slug} ({rule.name}): {title}\n\n{body.strip()}\n\n{lines}\n"
    table = "\n".join(f"* {key}: {_code(key, value)}" for key, value in facts)
    prose = _BLOCK.sub(_fenced, body.strip())
    prose = _LABEL.sub(r"**\1:**", prose)
    markdown = f"# {rule.slug}\n\n{title}\n\n{table}\n\n{prose}\n"
    return Page(title, text, markdown)


def _facts(rule: Rule) -> list[tuple[str, str]]:
    others = sorted(rule.ids - {rule.slug, rule.name})
    state = "off unless asked for" if rule.is_off or rule.is_experimental else "on"
    profiles = [one.value for one in Profile if one in rule.profiles]
    facts = [("code", rule.name), ("level", rule.severity.value), ("state", state)]
    if others:
        facts.append(("also called", ", ".join(others)))
    facts.append(("profiles", ", ".join(profiles)))
    if rule.url:
        facts.append(("more", rule.url))
    return facts


def _code(key: str, value: str) -> str:
    if key in ("code", "also called", "profiles"):
        return ", ".join(f"`{one}`" for one in value.split(", "))
    return f"<{value}>" if key == "more" else value


def _fenced(match: re.Match[str]) -> str:
    lines = (line[4:] for line in match[0].strip("\n").split("\n"))
    start = "\n" if match[0].startswith("\n") else ""
    return f"{start}```dockerfile\n" + "\n".join(lines) + "\n```"


def index() -> str:
    """A table of all rules, in Markdown."""
    rows = "".join(
        f"| [{rule.slug}]({rule.slug}.md) | `{rule.name}` | "
        f"{'off' if rule.is_off or rule.is_experimental else rule.severity.value} | "
        f"{rule.description} |\n"
        for rule in sorted(RULES, key=lambda rule: rule.slug)
    )
    return (
        f"# Rules\n\n| rule | code | level | what it demands |\n| --- | --- | --- | --- |\n{rows}"
    )
