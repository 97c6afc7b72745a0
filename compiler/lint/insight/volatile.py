"""Owns which build arguments are another with every build, and what comes between one and its first use.

Both the rule about ARG and that about ENV ask it. It refuses names that only may be so: a version is changed by hand.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.insight.dependencies import is_indifferent
from lithify.compiler.lint.insight.scripts import mentions, steps
from lithify.compiler.lint.insight.story import story
from lithify.grammar.ast import Run

if TYPE_CHECKING:
    from lithify.compiler.lint.context import LintContext
    from lithify.compiler.lint.insight.story import Place
    from lithify.grammar.ast import Instruction

_VOLATILE = re.compile(
    r"(?:.*_)?(?:COMMIT|SHA|SHA1|REVISION|TIMESTAMP|COMMIT_ID|GIT_HASH|"
    r"BUILD_(?:DATE|TIME|NUMBER|ID|NO)|"
    r"CACHE_?BUST(?:ER)?|VCS_REF|GIT_REF|GIT_DESCRIBE)(?:_(?:HASH|SHORT|SHA|REF|DATE|TIME))?\Z|"
    r"GIT(?:SHA|COMMIT|HASH)\Z|BUILD(?:DATE|TIME|NUMBER)\Z",
    re.IGNORECASE,
)


def is_volatile(name: str) -> bool:
    """Whether a variable's name says that its value is another with every build."""
    return _VOLATILE.match(name) is not None and not name.upper().startswith("CACHE")


def spoiled(
    ctx: LintContext, place: Place, name: str
) -> tuple[Instruction | None, Instruction | None]:
    """The first RUN behind an instruction that is executed again for nothing when a variable changes, and the
    instruction before which the variable could be set instead, if it is in the same stage."""
    places = list(story(place.stage))
    at = next(n for n, one in enumerate(places) if one.instruction is place.instruction)
    wasted: Instruction | None = None
    for later in places[at + 1 :]:
        instruction = later.instruction
        if mentions(instruction.span.text, name):
            return wasted, instruction
        if isinstance(instruction, Run):
            if not any(is_indifferent(step) for step in steps(ctx, (later,))):
                return wasted, instruction
            wasted = wasted or instruction
    return wasted, None
