"""What is said to rerun is held against builds: nothing else ever reruns, and what is edited does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lithify.api import Engine
from lithify.requests import EngineOptions

if TYPE_CHECKING:
    from tests.analyse.conftest import Project

DOCKERFILE = """FROM scratch AS lib
ARG DIR=/lib
COPY lib $DIR
COPY --exclude=*.md docs /docs
FROM scratch AS app
COPY src/*.py /app/
COPY --parents ./lib/**/*.c /all/
WORKDIR /made
FROM app
COPY --link requirements.txt /r
COPY --from=lib /docs /docs
COPY notes.txt hidden* /notes/
"""


def reran(project: Project) -> set[int]:
    """The steps of the last build that were not cached, numbered from 1."""
    with Engine(EngineOptions(str(project.store))) as engine:
        last = engine.upkeep().builds()[0]
    return {number for number, step in enumerate(last.steps, 1) if step.outcome == "ran"}


@pytest.mark.parametrize(
    ("path", "is_taken"),
    [
        ("src/a.py", True),
        ("src/new.py", True),
        ("src/new.txt", False),
        ("lib/deep/two.c", True),
        ("lib/readme.txt", True),
        ("docs/new.md", False),
        ("docs/deep/new.md", True),
        ("requirements.txt", True),
        ("notes.txt", True),
        ("hidden/secret.py", False),
        ("elsewhere.c", False),
    ],
)
def test_an_edit_reruns_what_was_said_and_no_more(
    project: Project, path: str, is_taken: bool
) -> None:
    project.dockerfile(DOCKERFILE)
    project.write("docs/a.txt", "a")
    project.write("docs/deep/b.txt", "b")
    project.build()
    (answer,) = project.file(path).answers
    said = set(answer.steps)
    project.write(path, "edited\n")
    project.build(tags=("app:2",))
    assert reran(project) <= said
    assert bool(reran(project)) == bool(said) == is_taken


def test_another_argument_reruns_what_was_said(project: Project) -> None:
    project.dockerfile(DOCKERFILE)
    project.write("docs/a.txt", "a")
    project.build()
    (answer,) = project.file("ARG=DIR").answers
    project.build(tags=("app:2",), build_args=(("DIR", "/other"),))
    assert set() < reran(project) <= set(answer.steps)
