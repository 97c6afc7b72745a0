"""Owns `lithify inspect`: the details of images as one JSON list or through a Go template, as docker prints it.

With `--attestations` it shows what is attached to an image instead. It refuses to fetch what is not in the store.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from lithify.cli.guard import DONE
from lithify.cli.parser import command_parser, parse
from lithify.cli.text import clean

if TYPE_CHECKING:
    from typing import Any

    from lithify.cli.door import Door


#: What docker's templates can ask for although an image does not have it.
_EMPTY: dict[str, object] = {
    **dict.fromkeys(("User", "WorkingDir", "StopSignal"), ""),
    **dict.fromkeys(("Env", "Cmd", "Entrypoint", "OnBuild", "Shell"), ()),
    "ExposedPorts": {},
    "Volumes": {},
    "Labels": {},
    "Healthcheck": None,
}


def run(arguments: list[str], door: Door) -> int:
    """Print the details; `--format json` on one line, a template for each image."""
    made = command_parser("inspect", "Show images' details as JSON.")
    add = made.add_argument
    add("-f", "--format", metavar="FORM", default="", help="json (one line) or a Go template")
    add("--attestations", action="store_true", help="what is attached to the images instead")
    add("images", metavar="IMAGE", nargs="+")
    flags = parse(made, arguments, door)
    template = None
    if flags.format not in ("", "json"):
        from lithify.cli.gotemplate_run import Template

        template = Template(flags.format)
    with door.engine() as engine:
        if flags.attestations:
            found = [one.to_json() for name in flags.images for one in engine.attestations(name)]
        else:
            found = engine.inspect(flags.images)
    if template is not None:
        text = "".join(f"{clean(template.render(_filled(one)))}\n" for one in found)
    elif flags.format:
        text = json.dumps(found, separators=(",", ":")) + "\n"
    else:
        text = json.dumps(found, indent=4) + "\n"
    sys.stdout.write(text)
    return DONE


def _filled(details: dict[str, Any]) -> dict[str, Any]:
    config = details.get("Config")
    return {**details, "Config": {**_EMPTY, **config}} if isinstance(config, dict) else details
