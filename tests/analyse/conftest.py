"""Owns what analyses are made of: a project that was built or not, with a store of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lithify.api import Engine
from lithify.cli.main import main
from lithify.requests import AnalysisRequest, BuildRequest, EngineOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from lithify.analysing.model import Analysis, FileAnalysis

#: Without RUN, so that it builds for everybody; on scratch, so that no image is needed.
DOCKERFILE = """FROM scratch AS lib
ARG LIB=1
COPY lib /lib
COPY requirements.txt /lib/$LIB
FROM scratch AS unneeded
COPY lib /nowhere
FROM scratch
ARG WHO=x
COPY src/*.py /app/
COPY --from=lib /lib /app/lib
LABEL who=$WHO
"""
FILES = {
    "lib/one.c": "int one;\n" * 100,
    "lib/deep/two.c": "int two;\n",
    "requirements.txt": "nothing\n",
    "src/a.py": "a = 1\n",
    "src/b.py": "b = 2\n",
    "notes.txt": "taken by nobody\n",
    "hidden/secret.py": "hidden\n",
    ".dockerignore": "hidden\n",
}


class Project:
    """A context with a Dockerfile, and a store of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root / "project"
        self.store = root / "store"
        self.dockerfile(DOCKERFILE)
        for name, text in FILES.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def dockerfile(self, text: str) -> None:
        self.write("Dockerfile", text)

    def build(self, **fields: Any) -> str:
        with Engine(EngineOptions(str(self.store))) as engine:
            request = BuildRequest(str(self.root), **{"tags": ("app:1",), **fields})
            return engine.build(request, lambda _: None).digest

    def analyse(self, *questions: str, **fields: Any) -> Analysis:
        with Engine(EngineOptions(str(self.store))) as engine:
            request = BuildRequest(str(self.root), **fields)
            return engine.analyse(AnalysisRequest(request, if_changed=questions))

    def file(self, *questions: str, **fields: Any) -> FileAnalysis:
        found = self.analyse(*questions, **fields).file
        assert found is not None
        return found

    def run(self, *words: str) -> int:
        return main(["--root", str(self.store), "analyse", *words])


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)


@pytest.fixture
def as_json(project: Project, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """What `analyse --json` says."""

    def ask(*words: str) -> Any:
        assert project.run(*words, "--json") == 0
        return json.loads(capsys.readouterr().out)

    return ask
