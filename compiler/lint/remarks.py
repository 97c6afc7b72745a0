"""Owns what can be said about comments that silence rules: names that mean nothing, and rules that found nothing.

It stands apart because it is known only when all rules have spoken. It refuses to judge what other tools answer for:
a name of ShellCheck may have hidden something, had it been asked; nor what depends on a build context or an image.

Specification: section 6.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.catalogue.insight import INSIGHT
from lithify.compiler.lint.context import Edit, Fix, Remark
from lithify.compiler.lint.names import guess
from lithify.compiler.lint.policy import names_of
from lithify.compiler.lint.registry import find_rule

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from lithify.compiler.lint.comments import Ignore, Objections

#: Besides those of the compiler's knowledge, rules that are silent where a context or image is not at hand.
_NEED_MORE = frozenset(("copy-ignored", "base-platform-mismatch"))


def remarks_about(
    objections: Objections,
    used: Collection[tuple[Ignore, str]],
    active: frozenset[str] | None,
    others: frozenset[str],
) -> Iterator[Remark]:
    """Remarks on all comments; `active` are the names of the rules that spoke, None if some could not;
    `others` are names of a project's own rules."""
    for name, span in objections.unknown(others):
        near = guess(name)
        hint = f" (did you mean {near}?)" if near else ""
        fixes = (Fix(f"write {near}", (Edit(span, near),), is_safe=False),) if near else ()
        yield Remark("unknown-rule", f"no rule is called {name}{hint}", span, fixes)
    for ignore in objections.ignores if active is not None else ():
        if ignore.tool not in ("hadolint", "lithify"):
            continue
        for name, span in ignore.names:
            if (ignore, name) not in used and name in (active or ()) and not _needs_more(name):
                yield Remark("unused-ignore", f"{span.text} finds nothing to ignore here", span)


def _needs_more(name: str) -> bool:
    rule = find_rule(name)
    if rule is None or rule.slug in _NEED_MORE:
        return True
    return any(names_of(rule) & names_of(one) for one in INSIGHT)
