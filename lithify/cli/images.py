"""Owns `lithify images`: the images of the store as a table, as JSON lines or as bare ids.

An image's id is the digest of its manifest or index, the same that `build -q` prints. It refuses Go templates.
"""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING

from lithify.cli.guard import DONE
from lithify.cli.parser import command_parser, parse
from lithify.cli.table import human_age, human_size, render_table, short_digest

if TYPE_CHECKING:
    from argparse import Namespace

    from lithify.cli.door import Door
    from lithify.requests import ImageSummary


def run(arguments: list[str], door: Door) -> int:
    """List images, newest store order kept."""
    made = command_parser("images", "List images of the store.")
    add = made.add_argument
    add("repository", metavar="REPOSITORY[:TAG]", nargs="?", default="", help="only these")
    add("-q", "--quiet", action="store_true", help="only ids")
    add("--no-trunc", action="store_true", help="whole digests")
    add("--digests", action="store_true", help="a column of digests")
    add("--format", choices=("table", "json"), default="table", help="how they are shown")
    flags = parse(made, arguments, door)
    with door.engine() as engine:
        found = [image for image in engine.images() if _is_asked(image, flags.repository)]
    sys.stdout.write(_render(found, flags, time.time()))
    return DONE


def _is_asked(image: ImageSummary, repository: str) -> bool:
    return repository in ("", image.repository, f"{image.repository}:{image.tag}")


def _render(images: list[ImageSummary], flags: Namespace, now_s: float) -> str:
    if flags.quiet:
        ids = dict.fromkeys(_id(image, flags.no_trunc) for image in images)
        return "".join(f"{name}\n" for name in ids)
    if flags.format == "json":
        return "".join(json.dumps(_row(image, flags, now_s)) + "\n" for image in images)
    columns = ["Repository", "Tag", "Digest", "ID", "CreatedSince", "Size"]
    header = ["REPOSITORY", "TAG", "DIGEST", "IMAGE ID", "CREATED", "SIZE"]
    if not flags.digests:
        columns.remove("Digest")
        header.remove("DIGEST")
    rows = [_row(image, flags, now_s) for image in images]
    return render_table(header, [[row[column] for column in columns] for row in rows])


def _row(image: ImageSummary, flags: Namespace, now_s: float) -> dict[str, str]:
    return {
        "CreatedAt": image.created,
        "CreatedSince": human_age(image.created, now_s),
        "Digest": image.digest,
        "ID": _id(image, flags.no_trunc),
        "Platform": image.platform,
        "Repository": image.repository or "<none>",
        "Size": human_size(image.size_bytes),
        "Tag": image.tag or "<none>",
    }


def _id(image: ImageSummary, is_whole: bool) -> str:
    return image.digest if is_whole else short_digest(image.digest)
