"""Owns `lithify lint`: arguments in, findings of Dockerfiles out.

Its flags are those of hadolint with the same meaning, and more. It refuses to judge and to render: `linting` does.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from lithify.cli.guard import DONE, FAILED
from lithify.cli.parser import command_parser, parse
from lithify.linting.configuration import configure
from lithify.linting.discovery import find_files
from lithify.linting.formats.table import FORMS, Look, form
from lithify.linting.run import LintRequest, lint_paths
from lithify.linting.settings import Layer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lithify.cli.door import Door


def run(arguments: Sequence[str], door: Door) -> int:
    parser = command_parser("lint", "Check Dockerfiles")
    parser.add_argument("paths", nargs="*")
    parser.add_argument("-f", "--format", action="append", default=[], choices=tuple(FORMS))
    parser.add_argument("-c", "--config", default="")
    parser.add_argument("--profile")
    found = parse(parser, arguments, door)
    configured = configure(Layer(profile=found.profile), found.config, door.environ)
    settings = configured.settings
    reports = lint_paths(find_files(found.paths), LintRequest(settings.policy))
    look = Look(settings.policy.profile.value == "hadolint")
    sys.stdout.write(form((found.format or ["json"])[0])(reports, look))
    for one in reports:
        if one.problem:
            sys.stderr.write(f"error: {one.name}: {one.problem}\n")
    return FAILED if any(one.items or one.problem for one in reports) else DONE
