"""Owns `lithify logout`: the credentials for a registry, forgotten.

It refuses to fail where there is nothing to forget, as docker's does.
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
    """Forget, and say so."""
    made = command_parser("logout", "Log out from a registry (default: Docker Hub).")
    made.add_argument("registry", metavar="SERVER", nargs="?", default="")
    flags = parse(made, arguments, door)
    with door.engine() as engine:
        was_known = engine.logout(flags.registry)
    name = clean_line(flags.registry or "docker.io")
    said = f"Removed login credentials for {name}" if was_known else f"Not logged in to {name}"
    sys.stdout.write(said + "\n")
    return DONE
