"""Owns `lithify plan`: what a build would do, as text, JSON or a graph, without doing it.

It takes the flags of `build` that can change the plan, and refuses the others: they would have no effect.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from lithify.cli.build_flags import add_source_flags
from lithify.cli.build_request import plan_request
from lithify.cli.guard import DONE
from lithify.cli.parser import command_parser, parse
from lithify.errors import UsageError

if TYPE_CHECKING:
    from lithify.cli.door import Door

FORMATS = ("text", "json", "dot", "mermaid")


def run(arguments: list[str], door: Door) -> int:
    """Print the plan."""
    made = command_parser("plan", "Show what a build would do, without doing it.")
    made.add_argument("--format", choices=FORMATS, default="text", help="how it is shown")
    add_source_flags(made)
    flags = parse(made, arguments, door)
    if "-" in (flags.context, flags.file):
        raise UsageError("a plan cannot be made from standard input", hint="write it to a file")
    request = plan_request(flags, door.environ)
    with door.engine() as engine:
        text = engine.plan(request, flags.format)
    sys.stdout.write(text if text.endswith("\n") else text + "\n")
    return DONE
