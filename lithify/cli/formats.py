"""Owns `--format` of the commands that list: a table, JSON lines, or a Go template for each row.

`table TEMPLATE` is a table of the template's columns, as docker has it. It refuses to know what the rows are.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from lithify.cli.table import render_table
from lithify.cli.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Row = Mapping[str, str]

_TABLE = re.compile(r"table(?:\s+(.+))?\Z", re.DOTALL)
HELP = "table, json, or a Go template such as '{{.ID}}'; 'table TEMPLATE' has a header"


def render_rows(
    form: str, rows: Sequence[Row], columns: Sequence[str], headers: Mapping[str, str]
) -> str:
    """The rows as `--format` says; `columns` are those of the plain table. Raises UsageError.

    A template is checked even if there are no rows: a script learns of its mistake at once."""
    table = _TABLE.match(form)
    if table is not None and not table[1]:
        cells = [[row[column] for column in columns] for row in rows]
        return render_table([headers[column] for column in columns], cells)
    if form == "json":
        return "".join(json.dumps(row) + "\n" for row in rows)
    from lithify.cli.gotemplate_run import Template

    template = Template((table[1] if table else form).replace("\\t", "\t").replace("\\n", "\n"))
    header = template.render(headers)
    lines = [template.render(row) for row in rows]
    if table is None:
        return "".join(f"{clean(line)}\n" for line in lines)
    return render_table(header.split("\t"), [_cells(line, header) for line in lines])


def _cells(line: str, header: str) -> list[str]:
    """As many as the header has: a value may hold a tab of its own."""
    count = header.count("\t") + 1
    cells = line.split("\t", count - 1)
    return cells + [""] * (count - len(cells))
