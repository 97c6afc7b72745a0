"""Owns `lithify tag`: another name for an image of the store.

It refuses nothing itself: names are checked by the engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.cli.guard import DONE
from lithify.cli.parser import command_parser, parse

if TYPE_CHECKING:
    from lithify.cli.door import Door


def run(arguments: list[str], door: Door) -> int:
    """Tag quietly."""
    made = command_parser("tag", "Give an image another name.")
    made.add_argument("source", metavar="SOURCE[:TAG]")
    made.add_argument("target", metavar="TARGET[:TAG]")
    flags = parse(made, arguments, door)
    with door.engine() as engine:
        engine.tag(flags.source, flags.target)
    return DONE
