"""What a file stands in: the context that it copies from, its ignore file, and what lies outside."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lithify.compiler.plan import BuildOptions
from lithify.errors import SourceText
from lithify.grammar.parser import parse
from lithify.linting.sight import Sight
from lithify.linting.surroundings import surrounding_of
from lithify.linting.world import FolderFiles


@pytest.fixture(autouse=True)
def _repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (".git/config", "app/main.py", "deploy/docker/Dockerfile", "deploy/docker/run.sh"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    monkeypatch.chdir(tmp_path)


def _paths(text: str, path: str = "deploy/docker/Dockerfile", context: str = "") -> list[str]:
    file = parse(SourceText(path, text))
    found = surrounding_of(file, path, context, BuildOptions(), Sight()).world.context
    return sorted(found.paths()) if found is not None else ["unknown"]


def test_the_context_is_the_nearest_folder_that_holds_what_is_copied() -> None:
    assert _paths("FROM a\nCOPY run.sh /\n") == ["Dockerfile", "run.sh"]
    assert "app/main.py" in _paths("FROM a\nCOPY app/main.py deploy/docker/run.sh /x/\n")
    assert _paths("FROM a\nRUN b\n") == ["Dockerfile", "run.sh"]


def test_nothing_is_known_where_nothing_copied_is_there() -> None:
    assert _paths("FROM a\nCOPY elsewhere /\n") == ["unknown"]
    assert _paths("FROM a\nCOPY elsewhere /\n", path="") == ["unknown"]
    assert "app/main.py" in _paths("FROM a\nCOPY elsewhere /\n", path="Dockerfile")


def test_a_named_context_is_believed() -> None:
    assert _paths("FROM a\nCOPY elsewhere /\n", context="app") == ["main.py"]


def test_the_ignore_file_of_the_dockerfile_goes_before_that_of_the_context() -> None:
    text = "FROM a\nCOPY run.sh /\n"
    file = parse(SourceText("x", text))
    path = "deploy/docker/Dockerfile"
    Path("deploy/docker/.dockerignore").write_text("a\n")
    around = surrounding_of(file, path, "", BuildOptions(), Sight())
    found = around.find_ignore()
    assert found is not None
    assert found.is_ignored("a")
    Path(f"{path}.dockerignore").write_text("b\n")
    around = surrounding_of(file, path, "", BuildOptions(), Sight())
    found = around.find_ignore()
    assert found is not None
    assert found.is_ignored("b")
    assert not found.is_ignored("a")


def test_files_outside_of_the_context_are_not_read() -> None:
    os.symlink("/etc/passwd", "app/outside")
    os.symlink("main.py", "app/inside")
    os.mkfifo("app/pipe")
    files = FolderFiles("app", Sight())
    assert files.read("inside", 10) == b"x"
    assert files.size("/main.py") == 1
    for path in ("outside", "../deploy/docker/run.sh", "/../.git/config", "gone", "pipe", "."):
        assert files.read(path, 10) is None
    assert files.size("../app2") == 0
