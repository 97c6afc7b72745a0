"""Owns `lithify images`: the images of the store as a table, as JSON lines, through a Go template, or as bare ids.

An image's id is the digest of its manifest or index, the same that `build -q` prints. One that is damaged is listed
with a warning. It refuses to decide what passes a filter: the engine does.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from lithify.cli.formats import HELP, render_rows
from lithify.cli.guard import DONE
from lithify.cli.parser import command_parser, parse
from lithify.cli.table import human_age, human_size, short_digest
from lithify.cli.text import clean_line
from lithify.errors import UsageError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from lithify.cli.door import Door
    from lithify.requests import ImageSummary

_HEADERS = {
    "Containers": "CONTAINERS",
    "CreatedAt": "CREATED AT",
    "CreatedSince": "CREATED",
    "Digest": "DIGEST",
    "ID": "IMAGE ID",
    "Platform": "PLATFORM",
    "Repository": "REPOSITORY",
    "SharedSize": "SHARED SIZE",
    "Size": "SIZE",
    "Tag": "TAG",
    "UniqueSize": "UNIQUE SIZE",
    "VirtualSize": "SIZE",
}
_COLUMNS = ("Repository", "Tag", "Digest", "ID", "CreatedSince", "Size")


def run(arguments: list[str], door: Door) -> int:
    """List images, newest store order kept."""
    made = command_parser("images", "List images of the store.")
    add = made.add_argument
    add("repository", metavar="REPOSITORY[:TAG]", nargs="?", default="", help="only these")
    add("-a", "--all", action="store_true", help="all images, as always: none is intermediate")
    add("-q", "--quiet", action="store_true", help="only ids")
    add("--no-trunc", action="store_true", help="whole digests")
    add("--digests", action="store_true", help="a column of digests")
    add(
        *("-f", "--filter"),
        action="append",
        default=[],
        metavar="K=V",
        help="reference=PATTERN, before=IMAGE, since=IMAGE, label=K[=V] or dangling=true",
    )
    add("--format", metavar="FORM", default="table", help=HELP.replace("%", "%%"))
    flags = parse(made, arguments, door)
    filters = [_filter(text) for text in flags.filter]
    if flags.repository:
        filters.append(("reference", flags.repository))
    with door.engine() as engine:
        found = engine.images(filters)
    sys.stdout.write(_render(found, flags, time.time()))
    for image in found:
        if image.problem:
            name = image.digest if image.repository == "<none>" else _name(image)
            sys.stderr.write(f"warning: {clean_line(f'{name}: {image.problem}')}\n")
    return DONE


def _filter(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"--filter: {text!r} is not of the form key=value")
    return key.strip().lower(), value.strip()


def _name(image: ImageSummary) -> str:
    return f"{image.repository}:{image.tag}"


def _render(images: Sequence[ImageSummary], flags: Namespace, now_s: float) -> str:
    if flags.quiet:
        ids = dict.fromkeys(_id(image, flags.no_trunc) for image in images)
        return "".join(f"{name}\n" for name in ids)
    columns = [one for one in _COLUMNS if one != "Digest" or flags.digests]
    rows = [_row(image, flags, now_s) for image in images]
    return render_rows(flags.format, rows, columns, _HEADERS)


def _row(image: ImageSummary, flags: Namespace, now_s: float) -> dict[str, str]:
    size = human_size(image.size_bytes)
    return {
        "Containers": "N/A",
        "CreatedAt": image.created,
        "CreatedSince": human_age(image.created, now_s),
        "Digest": image.digest,
        "ID": _id(image, flags.no_trunc),
        "Platform": image.platform,
        "Repository": image.repository or "<none>",
        "SharedSize": "N/A",
        "Size": size,
        "Tag": image.tag or "<none>",
        "UniqueSize": "N/A",
        "VirtualSize": size,
    }


def _id(image: ImageSummary, is_whole: bool) -> str:
    return image.digest if is_whole else short_digest(image.digest)
