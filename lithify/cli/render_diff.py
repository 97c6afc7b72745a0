"""Owns how a comparison is shown: what differs, layer by layer, in lines that say the kind of difference first.

Names and contents are those of images and therefore hostile: every line is cleaned. It refuses to leave anything out
without saying how much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.cli.table import shorten
from lithify.cli.text import clean_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lithify.executor.compare.model import Comparison, Difference, Finding

_SIGNS = {"added": "+", "removed": "-", "changed": "~"}
_WIDEST_STEP = 100


def render_comparison(comparison: Comparison, before: str, after: str) -> str:
    """The whole comparison as text."""
    if comparison.is_equal:
        return f"equal: {comparison.before}\n"
    lines = [
        f"--- {before}  {comparison.before}",
        f"+++ {after}  {comparison.after}",
        *difference_lines(comparison.differences),
    ]
    if comparison.omitted:
        lines.append(f"and {comparison.omitted} more differences")
    return "".join(f"{clean_line(line)}\n" for line in lines)


def difference_lines(differences: Sequence[Difference]) -> Iterator[str]:
    """Differences in groups: documents, layers, and the files under the layer they came with."""
    heading = ""
    for one in sorted(differences, key=_place):
        current = _heading(one)
        if current != heading:
            heading = current
            yield ""
            yield heading
        yield f"  {difference_line(one)}"
        for finding in one.findings:
            yield from finding_lines(finding, "      ")


def difference_line(one: Difference) -> str:
    """What happened to what, with the properties that differ."""
    return f"{_SIGNS[one.change]} {one.path}{_aspects(one)}"


def finding_lines(finding: Finding, indent: str) -> Iterator[str]:
    """One difference in content with its excerpt."""
    where = "".join(f"{one}: " for one in finding.where)
    yield f"{indent}{where}{finding.summary}"
    for line in finding.excerpt:
        yield f"{indent}  {line}"


def _place(one: Difference) -> tuple[str, int, int, str]:
    areas = ("index", "config", "manifest", "layers", "packing", "file")
    in_order = areas.index(one.area)
    return one.platform, in_order, -1 if one.layer is None else one.layer, one.path


def _heading(one: Difference) -> str:
    platform = f"{one.platform}: " if one.platform else ""
    if one.area == "file" and one.layer is not None:
        made_by = f": {shorten(clean_line(one.made_by), _WIDEST_STEP)}" if one.made_by else ""
        return f"{platform}files of layer {one.layer + 1}{made_by}"
    titles = {"packing": "how layers are packed", "file": "files", "index": "platforms"}
    return f"{platform}{titles.get(one.area, one.area)}"


def _aspects(one: Difference) -> str:
    shown = [
        f"{each.before or 'none'} -> {each.after or 'none'}"
        if each.name in ("value", "diff_id")
        else f"{each.name} {each.before or 'none'} -> {each.after or 'none'}"
        for each in one.aspects
    ]
    return f": {', '.join(shown)}" if shown else ""
