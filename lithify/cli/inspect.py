"""Owns `lithify inspect`: the details of images as one JSON list, as docker prints it.

It refuses Go templates: `jq` does that better.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from lithify.cli.guard import DONE
from lithify.cli.parser import command_parser, parse

if TYPE_CHECKING:
    from lithify.cli.door import Door


def run(arguments: list[str], door: Door) -> int:
    """Print the details; `--format json` on one line."""
    made = command_parser("inspect", "Show images' details as JSON.")
    made.add_argument("--format", choices=("json",), help="on one line")
    made.add_argument("images", metavar="IMAGE", nargs="+")
    flags = parse(made, arguments, door)
    with door.engine() as engine:
        found = engine.inspect(flags.images)
    if flags.format:
        sys.stdout.write(json.dumps(found, separators=(",", ":")) + "\n")
    else:
        sys.stdout.write(json.dumps(found, indent=4) + "\n")
    return DONE
