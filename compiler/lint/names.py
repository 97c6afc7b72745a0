"""Owns what a name of a rule means when people write it: any tool's spelling, case aside.

It exists because files come from elsewhere: what `DL3006` silenced yesterday must be silenced today. It refuses to call
a name of another tool unknown: we may not have its rule, and it may still be meant.
"""

from __future__ import annotations

import re
from functools import cache

from lithify.compiler.lint.registry import RULES
from lithify.errors import closest

ALL = "all"
_FOREIGN = re.compile(r"sc\d{4}|ds-?\d{4}|ckv2?_[a-z0-9_]+|ps\w+")
#: Rules that hadolint once had; people still have them in their settings.
_RETIRED = frozenset(("dl3005", "dl3017", "dl3031", "dl3039", "dl4002"))


def plain(name: str) -> str:
    """The spelling under which names are compared: `hadolint/DL3006` and `AVD-DS-0001` lose their prefix."""
    return name.strip().lower().rpartition("/")[2].removeprefix("avd-")


@cache
def known_names() -> frozenset[str]:
    """All plain names that a rule has."""
    return frozenset(plain(name) for rule in RULES for name in rule.ids)


def is_known(name: str) -> bool:
    """Whether a rule has the name, or another tool may."""
    bare = plain(name)
    is_ours = bare == ALL or bare in known_names() or bare in _RETIRED
    return is_ours or _FOREIGN.fullmatch(bare) is not None


def guess(name: str) -> str:
    """The name that may have been meant; empty if none is near."""
    bare = plain(name)
    shown = {plain(one): one for rule in RULES for one in (rule.slug, rule.name)}
    return shown.get(closest(bare, tuple(shown)), "")
