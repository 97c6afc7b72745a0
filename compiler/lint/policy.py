"""Owns what is asked of a run of the rules: which of them, how grave, and whether comments in files may object.

It is what configuration becomes, whatever it was read from. It refuses to know files and command lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lithify.compiler.lint.names import ALL, plain
from lithify.compiler.lint.rule import Profile, Rule, Severity
from lithify.compiler.lint.world import RuleOptions

if TYPE_CHECKING:
    from collections.abc import Iterable

_SYNTAX_ERROR = "dl1000"


def names_of(rule: Rule) -> frozenset[str]:
    """All plain names of a rule."""
    return frozenset(plain(name) for name in rule.ids)


class Policy(NamedTuple):
    """What rules apply, by any of their names, and at what level.

    `selected` empty stands for all that are not off. A rule that is off or experimental is wanted when `selected` or
    `levels` names it. Of several levels of a rule the gravest counts. `others` are names of rules that a project has
    besides ours."""

    profile: Profile = Profile.DEFAULT
    ignored: frozenset[str] = frozenset()
    selected: frozenset[str] = frozenset()
    levels: tuple[tuple[str, Severity], ...] = ()
    obeys_comments: bool = True
    options: RuleOptions = RuleOptions()
    others: frozenset[str] = frozenset()

    def level(self, rule: Rule) -> Severity | None:
        """How grave its findings are; None if it does not apply. A syntax error always does."""
        names = names_of(rule)
        if _SYNTAX_ERROR in names:
            return rule.severity
        if self.profile not in rule.profiles or self.ignored & names or ALL in self.ignored:
            return None
        given = [level for name, level in self.levels if name in names]
        if given:
            return min(given, key=_GRAVITY.index)
        if self.selected and ALL not in self.selected and not self.selected & names:
            return None
        if (rule.is_off or rule.is_experimental) and not self.selected & names:
            return None
        return rule.severity


_GRAVITY = tuple(Severity)


def is_at_least(level: Severity, threshold: Severity) -> bool:
    """Whether a level is as grave as another, or graver."""
    return _GRAVITY.index(level) <= _GRAVITY.index(threshold)


def plain_names(names: Iterable[str]) -> frozenset[str]:
    """Names as a policy holds them."""
    return frozenset(plain(name) for name in names if name.strip())
