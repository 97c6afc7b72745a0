"""Owns what is told about rules: to who asks on the command line, and as pages of the documentation.

`python -m lithify.linting.pages docs/rules` writes the pages; they are made from the docstrings of the rules, and a test
compares. It refuses to leave pages of rules that are gone.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lithify.compiler.lint.documentation import index, page_of
from lithify.compiler.lint.names import guess
from lithify.compiler.lint.registry import RULES
from lithify.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


def explain(name: str) -> str:
    """All about the rule of a name. Raises UsageError."""
    if re.fullmatch(r"SC\d{4}", name, re.IGNORECASE):
        return f"{name.upper()} is ShellCheck's: https://www.shellcheck.net/wiki/{name.upper()}\n"
    page = page_of(name)
    if page is None:
        near = guess(name)
        suggestion = f" (did you mean {near}?)" if near else ""
        raise UsageError(f"no rule is called {name}{suggestion}", hint="--list-rules tells all")
    return page.text


def rule_lines() -> str:
    """A line for each rule: name, level, other names, what it demands."""
    width = max(len(rule.slug) for rule in RULES)
    lines = []
    for rule in RULES:
        level = "off" if rule.is_off or rule.is_experimental else rule.severity.value
        others = ", ".join(sorted(rule.ids - {rule.slug}))
        lines.append(f"{rule.slug:<{width}}  {level:<7}  {others}: {rule.description}\n")
    return "".join(lines)


def pages() -> Mapping[str, str]:
    """Name of a file -> what belongs in it."""
    made = {"README.md": index()}
    for rule in RULES:
        page = page_of(rule.slug)
        assert page is not None, "a rule of the table can be found by its name"
        made[f"{rule.slug}.md"] = page.markdown
    return made


def write_pages(folder: Path) -> None:
    """Make a folder hold exactly the pages."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = pages()
    for path in folder.glob("*.md"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
