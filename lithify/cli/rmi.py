"""Owns `lithify rmi`: images removed from the store by name or id.

It refuses to guess: an image with several names goes only when all are removed, or by --force.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from lithify.cli.guard import DONE
from lithify.cli.parser import command_parser, parse
from lithify.cli.text import clean_line

if TYPE_CHECKING:
    from lithify.cli.door import Door


def run(arguments: list[str], door: Door) -> int:
    """Remove, and print what was."""
    made = command_parser("rmi", "Remove images from the store.")
    made.add_argument("-f", "--force", action="store_true", help="also what is named otherwise")
    made.add_argument("images", metavar="IMAGE", nargs="+")
    flags = parse(made, arguments, door)
    with door.engine() as engine:
        removed = engine.remove_images(flags.images, force=flags.force)
    sys.stdout.write("".join(f"{clean_line(line)}\n" for line in removed))
    return DONE
