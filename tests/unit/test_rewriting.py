"""Replacing files of a project, and showing what would change."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from lithify.rewriting import difference, replace_file

if TYPE_CHECKING:
    from pathlib import Path


def test_a_write_that_fails_leaves_the_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "Dockerfile"
    path.write_text("FROM a\n")
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space"):
        replace_file(str(path), b"FROM b\n")
    assert [one.name for one in tmp_path.iterdir()] == ["Dockerfile"]
    assert path.read_text() == "FROM a\n"


def test_a_read_only_file_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text("FROM a\n")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everything
    with pytest.raises(PermissionError, match="read-only"):
        replace_file(str(path), b"FROM b\n")
    assert path.read_text() == "FROM a\n"


def test_only_newlines_part_the_lines_of_a_difference() -> None:
    assert difference("f", "a\u2028b\x0cc\n", "a\u2028b\x0cd\n") == (
        "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\u2028b\x0cc\n+a\u2028b\x0cd\n"
    )
    assert difference("f", "a", "a\n").endswith("-a\n\\ No newline at end of file\n+a\n")
    assert difference("f", "a\n", "a\n") == ""
