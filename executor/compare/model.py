"""Owns the values of a comparison: differences, the properties that differ, excerpts of content.

They exist so that whoever compares and whoever shows agree on one small vocabulary, in text and in JSON. All are plain
data without behaviour beyond that. It refuses to hold content: excerpts are bounded.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Change = Literal["added", "removed", "changed"]
#: What a difference is about: documents, the list of layers, how a layer is packed, a file.
Area = Literal["index", "manifest", "config", "layers", "packing", "file"]
#: The nature of a difference in content.
Form = Literal["text", "binary", "order", "time", "header", "metadata", "added", "removed"]


@dataclass(frozen=True, slots=True)
class Aspect:
    """One property that differs, such as `mode`, `owner`, `mtime`; '' stands for its absence."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Where and how two contents differ.

    `where` are the archive members that lead there, outermost first; `excerpt` are lines of a unified diff or rows
    of hexadecimal bytes."""

    form: Form
    summary: str
    where: tuple[str, ...] = ()
    excerpt: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs. `layer` counts from 0 (None: not of a layer); `made_by` is the layer's history entry;
    `platform` is '' for single images."""

    area: Area
    change: Change
    path: str
    aspects: tuple[Aspect, ...] = ()
    findings: tuple[Finding, ...] = ()
    layer: int | None = None
    made_by: str = ""
    platform: str = ""


def change_of(before: object | None, after: object | None) -> Change:
    """What happened to something that is there before, after or both; None is absence."""
    if before is None:
        return "added"
    return "removed" if after is None else "changed"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two things compared. Equal means equal digests; `omitted` differences were counted, not described."""

    before: str
    after: str
    differences: tuple[Difference, ...] = ()
    omitted: int = 0

    @property
    def is_equal(self) -> bool:
        return self.before == self.after

    def to_json(self) -> dict[str, Any]:
        """The document of `lithify diff --json`."""
        return {
            "before": self.before,
            "after": self.after,
            "equal": self.is_equal,
            "differences": [asdict(one) for one in self.differences],
            "omitted": self.omitted,
        }
