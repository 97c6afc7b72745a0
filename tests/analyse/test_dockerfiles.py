"""What is told of a Dockerfile: stages, what reruns, durations, and answers to questions."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from lithify.analysing.durations import Memory
from lithify.analysing.files import common_pattern, matches
from lithify.cache.history import BuildRecord, StepRecord
from lithify.cache.history import Project as Place
from lithify.errors import LithifyError, SourceError, UsageError

if TYPE_CHECKING:
    from lithify.analysing.model import Change, FileAnalysis
    from tests.analyse.conftest import Project


def texts(file: FileAnalysis, change: Change) -> list[str]:
    return [file.steps[number - 1].text for number in change.steps]


def change_of(file: FileAnalysis, label: str) -> list[str]:
    (found,) = [one for one in file.changes if one.label == label]
    return texts(file, found)


LAST = "COPY --from=lib /lib /app/lib"


def test_files_are_grouped_by_the_steps_that_take_them(project: Project) -> None:
    file = project.file()
    assert {one.label: one.detail for one in file.changes if one.kind == "files"} == {
        "src/*.py": "2 files: src/a.py, src/b.py",
        "lib/**/*.c": "2 files: lib/deep/two.c, lib/one.c",
        "requirements.txt": "",
    }
    assert change_of(file, "src/*.py") == ["COPY src/*.py /app/", LAST]
    assert change_of(file, "requirements.txt") == ["COPY requirements.txt /lib/1", LAST]
    assert change_of(file, "lib/**/*.c")[0] == "COPY lib /lib"


def test_stages_tell_what_they_need_and_those_of_no_use_are_named(project: Project) -> None:
    file = project.file()
    assert [(one.name, one.needs) for one in file.stages] == [("lib", ()), ("stage-2", (0,))]
    assert file.unneeded == ("unneeded",)
    assert [step.line for step in file.steps] == [3, 4, 9, 10]


def test_a_target_has_its_own_steps(project: Project) -> None:
    file = project.file(target="unneeded")
    assert [step.text for step in file.steps] == ["COPY lib /nowhere"]
    assert set(file.unneeded) == {"lib", "stage-2"}


def test_arguments_are_tried_with_another_value(project: Project) -> None:
    file = project.file()
    assert change_of(file, "ARG LIB") == ["COPY requirements.txt /lib/1", LAST]
    (who,) = [one for one in file.changes if one.label == "ARG WHO"]
    assert (who.steps, who.note) == ((), "only the image's configuration changes")


def test_a_base_that_is_not_here_is_stood_in_for_and_said(project: Project) -> None:
    project.dockerfile(
        "ARG B=away\nFROM $B AS one\nCOPY lib /lib\nFROM away\nCOPY --from=one /lib /l\n"
    )
    file = project.file()
    assert [one for one in file.notes if one.startswith("away is not in the store")]
    assert "COPY lib /lib" in change_of(file, "ARG B")


def test_triggers_of_a_base_are_steps_of_the_line_that_names_it(project: Project) -> None:
    project.dockerfile("FROM scratch\nONBUILD COPY src /triggered\nCOPY lib /lib\n")
    project.build(tags=("base:1",))
    project.dockerfile("FROM base:1\nCOPY requirements.txt /r\n")
    file = project.file()
    trigger = next(step for step in file.steps if "triggered" in step.text)
    assert trigger.line == 1
    assert len(change_of(file, "src/*.py")) == 2


# -- questions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "steps", "note"),
    [
        ("src/a.py", 2, ""),
        ("src/new.py", 2, ""),
        ("src/*.py", 2, ""),
        ("src", 2, ""),
        ("./lib/deep", 3, ""),
        ("ARG=LIB", 2, ""),
        ("ARG=WHO", 0, "only the image's configuration changes"),
        ("src/a.txt", 0, "nothing reruns, for no step that the target needs takes it"),
        ("hidden/secret.py", 0, "nothing reruns, for the ignore file hides it"),
        (".", 4, ""),
    ],
)
def test_a_question_is_answered(project: Project, question: str, steps: int, note: str) -> None:
    (answer,) = project.file(question).answers
    assert (len(answer.steps), answer.note) == (steps, note)


def test_an_absolute_path_is_of_the_context_or_refused(project: Project) -> None:
    inside = str(project.root / "src" / "a.py")
    assert len(project.file(inside).answers[0].steps) == 2
    with pytest.raises(UsageError, match="outside of the context"):
        project.file("/etc/passwd")


def test_a_question_about_nothing_says_what_there_is(project: Project) -> None:
    with pytest.raises(UsageError, match="no argument 'NONE'") as raised:
        project.file("ARG=NONE")
    assert "LIB" in raised.value.hint
    with pytest.raises(UsageError, match="no file of the context matches"):
        project.file("*.zzz")


def test_a_named_context_is_asked_by_its_name(project: Project) -> None:
    project.dockerfile("FROM scratch\nCOPY --from=more a.txt /a\nCOPY src /src\n")
    project.write("../more/a.txt", "a")
    contexts = (("more", str(project.root.parent / "more")),)
    file = project.file("more:a.txt", "a.txt", build_contexts=contexts)
    assert [len(one.steps) for one in file.answers] == [2, 0]
    assert "more:a.txt" in {one.label for one in file.changes}


def test_a_link_in_the_context_is_followed(project: Project) -> None:
    os.symlink("src", project.root / "link")
    project.dockerfile("FROM scratch\nCOPY link /src\n")
    assert len(project.file("src/a.py").answers[0].steps) == 1


def test_a_file_with_mistakes_is_an_error_and_no_report(project: Project) -> None:
    project.dockerfile("FROM scratch\nCPOY a b\n")
    with pytest.raises(SourceError, match="CPOY"):
        project.analyse()


# -- builds ---------------------------------------------------------------------------------------


def test_a_build_gives_durations_outcomes_and_the_image(project: Project) -> None:
    before = project.analyse()
    assert before.image is None
    assert all(step.seconds is None for step in before.file.steps) if before.file else False
    digest = project.build()
    project.write("src/a.py", "a = 2\n")
    project.build()
    after = project.analyse("src/a.py")
    assert after.file is not None and after.image is not None
    assert all(step.seconds is not None for step in after.file.steps)
    outcomes = {step.text: step.outcome for step in after.file.steps}
    assert outcomes["COPY lib /lib"] == "cached"
    assert outcomes["COPY src/*.py /app/"] == "ran"
    assert after.file.answers[0].untimed == 0
    assert after.image.name == "app:1"
    assert after.image.digest != digest


def test_the_context_of_the_last_build_counts_if_only_the_file_is_named(
    project: Project, as_json: object
) -> None:
    project.write("docker/Dockerfile", "FROM scratch\nCOPY src /src\n")
    path = str(project.root / "docker" / "Dockerfile")
    assert callable(as_json)
    assert not as_json(path)["file"]["changes"]
    project.build(dockerfile=path)
    assert [one["label"] for one in as_json(path)["file"]["changes"]] == ["src/*.py"]


def test_an_image_that_is_gone_leaves_a_note(project: Project) -> None:
    from lithify.api import Engine
    from lithify.requests import EngineOptions

    project.build()
    with Engine(EngineOptions(str(project.store))) as engine:
        engine.remove_images(["app:1"], force=True)
    found = project.analyse()
    assert found.image is None
    assert "the image of the last build is not in the store any more" in found.notes


def _build(number: int, project: Place, *steps: StepRecord, digest: str = "d") -> BuildRecord:
    return BuildRecord(float(number), project, digest, 1.0, steps, number=number)


def test_the_last_time_that_a_step_ran_counts_and_only_of_the_same_file() -> None:
    here, other = Place("/c", "Dockerfile"), Place("/c", "/elsewhere/Dockerfile")
    ran = StepRecord("[a 1/1] RUN x", "a", "RUN", None, "linux/amd64", "ran", 3.0)
    cached = StepRecord("[a 1/1] RUN x", "a", "RUN", None, "linux/amd64", "cached")
    builds = [
        _build(4, other, StepRecord("RUN x", "a", "RUN", None, "linux/amd64", "ran", 99.0)),
        _build(3, here, cached),
        _build(2, Place("/c", "/c/Dockerfile"), ran),
    ]
    memory = Memory(builds, Place("/c", "/c/Dockerfile"))
    assert list(memory._seconds.values()) == [3.0]
    last = memory.last_build()
    assert last is not None and last.id == "b3"


# -- patterns -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paths", "pattern"),
    [
        (["a/b.py"], "a/b.py"),
        (["a/b.py", "a/c.py"], "a/*.py"),
        (["a/b.py", "a/c.txt"], "a/*"),
        (["a/b.py", "a/d/c.py"], "a/**/*.py"),
        (["a/b.py", "c/d.py"], "**/*.py"),
        (["a/b.py", "c/d.txt"], "**"),
        (["b.py", "c.py"], "*.py"),
        (["a/x/1", "a/y/2.c"], "a/**"),
    ],
)
def test_files_are_named_by_what_they_have_in_common(paths: list[str], pattern: str) -> None:
    assert common_pattern(paths) == pattern
    assert all(matches(pattern, path) for path in paths)


def test_a_pattern_that_others_match_too_says_how_many_are_meant(project: Project) -> None:
    project.dockerfile("FROM scratch\nCOPY src/a.py src/b.py /x/\n")
    project.write("src/c.py", "")
    (change,) = project.file().changes
    assert (change.label, change.detail) == ("src/*.py", "2 of 3 files: src/a.py, src/b.py")


def test_findings_are_those_of_the_linter(project: Project) -> None:
    project.dockerfile("FROM scratch\nMAINTAINER me\nCOPY lib /lib\n")
    found = project.analyse().findings
    assert [(one.line, one.code) for one in found] == [(2, "MaintainerDeprecated")]


def test_a_wrong_setting_of_the_linter_does_not_cost_the_report(project: Project) -> None:
    project.write("../.hadolint.yaml", "{")
    try:
        found = project.analyse()
    except LithifyError as error:
        pytest.fail(f"no report: {error}")
    assert found.findings == ()
    assert [one for one in found.notes if one.startswith("the file was not checked: ")]
