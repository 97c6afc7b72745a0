"""Secrets should not be given to RUN by ARG.

What it does: reports a RUN in the resulting image that uses an ARG with the name of a secret.

Why it matters: the values of all ARGs are written into the history of the image, beside the command that saw them.

Example:

    FROM busybox
    ARG API_TOKEN
    RUN fetch --token "$API_TOKEN"

Use instead:

    FROM busybox
    RUN --mount=type=secret,id=API_TOKEN,env=API_TOKEN fetch --token "$API_TOKEN"
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Fix, Related, about
from lithify.compiler.lint.insight.edits import removed, with_flag
from lithify.compiler.lint.insight.scripts import steps
from lithify.compiler.lint.insight.story import shipped
from lithify.compiler.lint.rules.secret_in_arg_env import is_secret
from lithify.grammar.ast import Arg

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, Edit, LintContext
    from lithify.compiler.lint.insight.scripts import Step


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    places = shipped(ctx)
    secrets = {
        declared.name.text: place.instruction
        for place in places
        if isinstance(place.instruction, Arg)
        for declared in place.instruction.declarations
        if is_secret(declared.name.text)
    }
    uses: dict[str, list[Step]] = {name: [] for name in secrets}
    for step in steps(ctx, places) if secrets else ():
        for name, found in uses.items():
            if re.search(rf"\$(?:{name}\b|\{{{name}\b)", step.script.text):
                found.append(step)
    for name, found in uses.items():
        declaration = secrets[name]
        assert isinstance(declaration, Arg)
        edits: list[Edit] = [
            with_flag(step.run, f"--mount=type=secret,id={name},env={name}") for step in found
        ]
        if len(declaration.declarations) == 1:
            edits.append(removed(declaration))
        fix = Fix("Mount it as a secret", tuple(edits), is_safe=False)
        for step in found:
            message = f"The value of {name} is kept in the image's history, beside this command"
            related = Related(declaration.span, "declared here")
            yield about(step.run, message)._replace(fixes=(fix,), related=(related,))
