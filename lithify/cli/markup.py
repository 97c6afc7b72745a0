"""Owns how HTML and SVG are written: elements made of values, so that nothing reaches a page unescaped.

Plain text is escaped wherever it is put; only what was made here passes as markup. Control characters, which could
command a terminal that shows the page's source, and bytes that are no text are made visible or dropped. It refuses to
know any element, and attributes that load or run anything.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from lithify.cli.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

_VOID = frozenset(("br", "input", "link", "meta"))
_REFUSED = ("on", "src", "href", "action", "style")


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


def escaped(text: str) -> str:
    """Text for any place in a page: as content, or in an attribute's quotes."""
    if isinstance(text, Html):
        return text
    readable = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return html.escape(clean(readable), quote=True)


def element(name: str, /, *children: str, **attributes: str | float | None) -> Html:
    """An element; children that are no Html are escaped. Of attributes, `_` in names becomes `-`, a last one is
    dropped (`class_`), and None leaves one out."""
    parts = [f"<{name}"]
    for key, value in attributes.items():
        shown = key.rstrip("_").replace("_", "-")
        assert not shown.startswith(_REFUSED), "a page must neither load nor run anything"
        if value is not None:
            parts.append(f' {shown}="{escaped(str(value))}"')
    parts.append(">")
    if name not in _VOID:
        parts += (*map(escaped, children), f"</{name}>")
    return Html("".join(parts))


def joined(pieces: Iterable[str], between: str = "") -> Html:
    """Pieces one after the other; those that are no Html are escaped."""
    return Html(escaped(between).join(map(escaped, pieces)))
