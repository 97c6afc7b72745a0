"""Owns `lithify diff`: two images compared, config, layers and files, down to the member of an archive.

As with diff(1) the exit status answers: 0 equal, 1 different, 2 when it could not be compared. It refuses to call
images equal whose digests differ, however little it is that differs.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from lithify.cli.guard import DONE, FAILED, INTERRUPTED, MISUSED, show_error, status_of
from lithify.cli.parser import command_parser, parse
from lithify.cli.render_diff import render_comparison
from lithify.errors import LithifyError

if TYPE_CHECKING:
    from lithify.cli.door import Door


def run(arguments: list[str], door: Door) -> int:
    """Compare and print; the exit status is the answer."""
    made = command_parser("diff", "Compare two images, or two layers, file by file.")
    what = "an image of the store, an archive, an OCI layout, or the digest of a layer"
    made.add_argument("before", metavar="A", help=what)
    made.add_argument("after", metavar="B", help="the same")
    made.add_argument("--json", action="store_true", help="the comparison as JSON")
    flags = parse(made, arguments, door)
    from lithify.comparing import Comparer  # loads what reads layers

    try:
        comparer = Comparer(door.store_root())
        with door.building(comparer):
            comparison = comparer.compare(flags.before, flags.after)
    except LithifyError as error:
        status = status_of(error)
        show_error(error)
        return INTERRUPTED if status == INTERRUPTED else MISUSED
    if flags.json:
        sys.stdout.write(json.dumps(comparison.to_json(), indent=2) + "\n")
    else:
        sys.stdout.write(render_comparison(comparison, flags.before, flags.after))
    return DONE if comparison.is_equal else FAILED
