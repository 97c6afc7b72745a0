"""Stores with something in them, made by building without any sandbox."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lithify.api import Engine
from lithify.requests import BuildRequest, EngineOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.cache.store import Store


class Site:
    """A context and a store with one engine open on it."""

    def __init__(self, root: Path) -> None:
        self.context = root / "context"
        self.context.mkdir()
        self.root = root / "store"
        self.engine = Engine(EngineOptions(str(self.root)))
        self.request = BuildRequest(str(self.context))

    @property
    def store(self) -> Store:
        return self.engine._store()

    def write(self, name: str, text: str) -> Path:
        path = self.context / name
        path.write_text(text)
        return path

    def build(self, *lines: str, tag: str = "", **more: Any) -> tuple[str, int]:
        """The digest of the image, and how many steps ran."""
        self.write("Dockerfile", "\n".join(lines) + "\n")
        request = replace(self.request, tags=(tag,) if tag else (), **more)
        result = self.engine.build(request, lambda _: None)
        return result.digest, result.steps - result.cached

    def blobs(self) -> set[str]:
        return {path.name for path in (self.root / "blobs" / "sha256").iterdir()}

    def snapshots(self) -> set[str]:
        return {path.name for path in (self.root / "snapshots").iterdir()}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    with made.engine:
        yield made
