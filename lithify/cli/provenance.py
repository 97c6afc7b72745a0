"""Owns `lithify provenance`: how an image of the store was built, as SLSA provenance in JSON.

It refuses to guess: an image that was built without `--provenance` has none.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from lithify.cli.guard import DONE
from lithify.cli.parser import command_parser, parse
from lithify.errors import ImageNotFound

if TYPE_CHECKING:
    from lithify.cli.door import Door

_PREDICATE = "https://slsa.dev/provenance/"


def run(arguments: list[str], door: Door) -> int:
    """Print the provenance; of several platforms a JSON list of statements."""
    made = command_parser("provenance", "Show how an image was built.")
    made.add_argument("image", metavar="IMAGE")
    flags = parse(made, arguments, door)
    with door.engine() as engine:
        found = [
            one.document
            for one in engine.attestations(flags.image)
            if one.predicate_type.startswith(_PREDICATE)
        ]
    if not found:
        raise ImageNotFound(
            f"nothing is attested of how {flags.image} was built",
            hint="build it with --provenance=true or --provenance=mode=max",
        )
    shown = found[0].get("predicate") if len(found) == 1 else found
    sys.stdout.write(json.dumps(shown, indent=2, ensure_ascii=False) + "\n")
    return DONE
