"""Owns the choice of a face: which rendering shows a build's progress.

Faces are functions of the same events; they are imported on use, for the live one needs a library that takes longer
to load than a cached build. It refuses to render anything itself.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol, Self, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lithify.errors import LithifyError
    from lithify.executor.events import Event
    from lithify.requests import BuildResult

#: Below these a live view is worse than a log.
SMALLEST_COLUMNS, SMALLEST_LINES = 40, 10


class Face(Protocol):
    """Shows one build. Used as a context manager: leaving it leaves the output whole."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...

    def show(self, event: Event) -> None:
        """Take one event; returns quickly and is called from one thread at a time."""

    def failed(self, error: LithifyError) -> bool:
        """The build ended with an error; true if the face has shown it itself."""

    def finished(self, result: BuildResult) -> None:
        """The build ended well."""


class QuietFace:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def show(self, event: Event) -> None:
        return None

    def failed(self, error: LithifyError) -> bool:
        return False

    def finished(self, result: BuildResult) -> None:
        return None


def open_face(
    progress: str, stream: TextIO, environ: Mapping[str, str], *, explain: bool = False
) -> Face:
    """The face for `--progress`; `auto` and `tty` need a terminal that is large enough."""
    if progress == "quiet":
        return QuietFace()
    if progress == "rawjson":
        from lithify.cli.render_rawjson import RawJsonFace

        return RawJsonFace(stream)
    if progress != "plain" and _is_live(stream, environ):
        from lithify.cli.render_tty import TtyFace, terminal

        return TtyFace(terminal(stream), explain=explain)
    from lithify.cli.render_plain import PlainFace

    return PlainFace(stream, explain=explain)


def _is_live(stream: TextIO, environ: Mapping[str, str]) -> bool:
    if not stream.isatty() or environ.get("TERM", "dumb") == "dumb":
        return False
    try:
        columns, lines = os.get_terminal_size(stream.fileno())
    except OSError:
        return False
    return columns >= SMALLEST_COLUMNS and lines >= SMALLEST_LINES
