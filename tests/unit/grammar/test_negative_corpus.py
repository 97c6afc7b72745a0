"""Wrong files: every mistake is reported where it is, as users see it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lithify.errors import SourceText, render_error
from lithify.grammar.parser import parse

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

NEGATIVE = Path(__file__).parents[2] / "corpus" / "negative"
FILES = sorted(path.name for path in NEGATIVE.glob("*.Dockerfile"))


@pytest.mark.parametrize("name", FILES)
def test_a_wrong_file_is_explained(name: str, snapshot: SnapshotAssertion) -> None:
    text = (NEGATIVE / name).read_bytes().decode()
    errors = parse(SourceText(name, text)).errors
    assert errors
    assert "\n".join(render_error(error) for error in errors) == snapshot


def test_there_are_wrong_files() -> None:
    assert len(FILES) > 20
