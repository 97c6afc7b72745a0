"""Owns `lithify history`: how an image was made, newest first.

In place of docker's IMAGE column, which has been `<missing>` since layers stopped being images, it shows the layer.
`--format` takes a table, JSON lines or a Go template. It refuses to fetch layers for their sizes.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from lithify.cli.formats import HELP, render_rows
from lithify.cli.guard import DONE
from lithify.cli.parser import command_parser, parse
from lithify.cli.table import human_age, human_size, short_digest, shorten
from lithify.cli.text import clean_line

if TYPE_CHECKING:
    from argparse import Namespace

    from lithify.cli.door import Door
    from lithify.requests import HistoryRow

_WIDEST = 45
_COLUMNS = ("Layer", "CreatedSince", "CreatedBy", "Size", "Comment")
_HEADERS = {
    "Comment": "COMMENT",
    "CreatedAt": "CREATED AT",
    "CreatedBy": "CREATED BY",
    "CreatedSince": "CREATED",
    "ID": "IMAGE",
    "Layer": "LAYER",
    "Size": "SIZE",
}


def run(arguments: list[str], door: Door) -> int:
    """Print the history of one image."""
    made = command_parser("history", "Show how an image was made.")
    add = made.add_argument
    add("image", metavar="IMAGE")
    add("-q", "--quiet", action="store_true", help="only layers")
    add("--no-trunc", action="store_true", help="whole digests and commands")
    add("--format", metavar="FORM", default="table", help=HELP)
    flags = parse(made, arguments, door)
    with door.engine() as engine:
        rows = engine.history(flags.image)
    sys.stdout.write(_render(rows, flags, time.time()))
    return DONE


def _render(rows: tuple[HistoryRow, ...], flags: Namespace, now_s: float) -> str:
    shown = [_row(row, flags, now_s) for row in rows]
    if flags.quiet:
        return "".join(f"{row['Layer']}\n" for row in shown)
    return render_rows(flags.format, shown, _COLUMNS, _HEADERS)


def _row(row: HistoryRow, flags: Namespace, now_s: float) -> dict[str, str]:
    layer, command = row.layer, clean_line(row.created_by)
    if not flags.no_trunc:
        layer, command = short_digest(layer), shorten(command, _WIDEST)
    return {
        "Comment": row.comment,
        "CreatedAt": row.created,
        "CreatedBy": command,
        "CreatedSince": human_age(row.created, now_s),
        "ID": "<missing>",
        "Layer": layer or "<none>",
        "Size": human_size(row.size_bytes),
    }
