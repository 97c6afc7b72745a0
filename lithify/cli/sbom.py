"""Owns `lithify sbom`: the packages in an image, as SPDX or as a table.

They are found anew unless what was attested at the build is asked for. It refuses to fetch attestations from registries.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from lithify.cli.guard import DONE
from lithify.cli.parser import command_parser, parse
from lithify.cli.table import render_table
from lithify.cli.text import clean_line
from lithify.errors import ImageNotFound

if TYPE_CHECKING:
    from lithify.cli.door import Door

_PREDICATE = "https://spdx.dev/Document"
_FORMS = ("spdx-json", "table")


def run(arguments: list[str], door: Door) -> int:
    """Print the document; what could not be looked at goes to standard error as well."""
    made = command_parser("sbom", "List the packages in an image.")
    add = made.add_argument
    add("image", metavar="IMAGE")
    add("--format", choices=_FORMS, default=_FORMS[0], help="SPDX 2.3 as JSON, or a table")
    add("--attested", action="store_true", help="what was attested at the build, not found now")
    flags = parse(made, arguments, door)
    with door.engine() as engine:
        if flags.attested:
            found = [one.document for one in engine.attestations(flags.image) if _is_sbom(one)]
            if not found:
                raise ImageNotFound(
                    f"nothing is attested of the contents of {flags.image}",
                    hint="build with --sbom, or leave out --attested",
                )
            document = found[0].get("predicate") or {}
        else:
            document = engine.sbom(flags.image)
    for note in str(document.get("comment", "")).splitlines():
        sys.stderr.write(f"warning: {clean_line(note)}\n")
    if flags.format == _FORMS[0]:
        sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(_table(document))
    return DONE


def _is_sbom(statement: Any) -> bool:
    return bool(statement.predicate_type == _PREDICATE)


def _table(document: dict[str, Any]) -> str:
    rows = []
    for one in document.get("packages", []):
        refs = one.get("externalRefs") or [{}]
        kind = str(refs[0].get("referenceLocator", "")).removeprefix("pkg:").partition("/")[0]
        if kind and one.get("primaryPackagePurpose") != "CONTAINER":
            place = str(one.get("sourceInfo", "")).removeprefix("found in ")
            rows.append((str(one.get("name", "")), str(one.get("versionInfo", "")), kind, place))
    return render_table(("NAME", "VERSION", "TYPE", "FOUND IN"), rows)
