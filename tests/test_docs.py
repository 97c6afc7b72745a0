"""What the documents say must hold: links lead somewhere, examples run, tables match the code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import lithify
from lithify.cli.main import COMMANDS
from lithify.errors import SourceErrors, SourceText, render_error
from lithify.grammar.parser import parse

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("samples/*.md")])
DOCKERFILES = sorted((ROOT / "samples").rglob("*Dockerfile"))
FOLDERS = ("lithify", "grammar", "compiler", "executor", "cache", "samples", "tests", "docs")

_LINK = re.compile(r"\]\((?P<target>[^)#\s]+)(?:#[^)]*)?\)")
_BLOCK = re.compile(r"^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_PATH = re.compile(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]+)`")


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _blocks(document: Path, kind: str) -> list[str]:
    found = _BLOCK.finditer(document.read_text("utf-8"))
    return [match["text"] for match in found if match["kind"] == kind]


def _readme_command(name: str) -> str:
    text = (ROOT / "README.md").read_text("utf-8")
    match = re.search(rf"<!-- command: {name} -->\n```sh\n(.*?)```", text, re.DOTALL)
    assert match is not None
    return match[1]


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    targets = [match["target"] for match in _LINK.finditer(document.read_text("utf-8"))]
    local = [one for one in targets if "://" not in one and not one.startswith("mailto:")]
    assert not [one for one in local if not (document.parent / one).exists()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_files_that_documents_name_exist(document: Path) -> None:
    named = _PATH.findall(document.read_text("utf-8"))
    assert not [one for one in named if not (ROOT / one).exists()]


@pytest.mark.root
def test_python_examples_run(tmp_path: Path) -> None:
    examples = [text for document in DOCUMENTS for text in _blocks(document, "python")]
    assert examples
    environment = {**os.environ, "PYTHONPATH": str(Path(lithify.__file__).parents[1])}
    for text in examples:
        argv = [sys.executable, "-c", text]
        done = subprocess.run(
            argv, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["try", "test"])
def test_each_command_of_the_readme_is_one_line(name: str) -> None:
    assert len(_readme_command(name).strip().splitlines()) == 1


def test_the_readme_names_every_command() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    section = text.partition("## Commands")[2].partition(";")[0]
    assert set(re.findall(r"`(\w+)`", section)) == set(COMMANDS)


def test_the_readme_shows_a_mistake_as_it_is_shown() -> None:
    shown = next(b for b in _blocks(ROOT / "README.md", "text") if b.startswith("error:"))
    text = "FROM busybox\nWORKDIR /srv\nCPOY app /srv/app\n"
    errors = parse(SourceText("Dockerfile", text)).errors
    assert render_error(SourceErrors(errors)) + "\n" == shown


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=_name)
def test_samples_are_without_mistakes_and_say_what_they_are(dockerfile: Path) -> None:
    text = dockerfile.read_text("utf-8")
    assert not parse(SourceText(_name(dockerfile), text)).errors
    assert text.startswith("# ")
    assert "lithify build" in text.partition("\nFROM")[0]


def test_every_sample_is_in_the_list_of_samples() -> None:
    text = (ROOT / "samples" / "README.md").read_text("utf-8")
    folders = {path.parent.name for path in DOCKERFILES}
    assert not [one for one in folders if f"`{one}/`" not in text]


def test_the_glossary_is_in_order_and_says_each_word_once() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    words = re.findall(r"^\| \*\*([^*]+)\*\* \|", text, re.MULTILINE)
    assert words == sorted(set(words))


@pytest.mark.parametrize("script", [".ci/run", "tests/run"])
def test_scripts_are_executable_and_well_formed(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)
    subprocess.run(["bash", "-n", script], cwd=ROOT, check=True)


def test_continuous_integration_runs_the_commands_of_the_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert "readme_command try" in script
    assert "readme_command test" in script


def test_changelog_fragments_are_named_by_kind() -> None:
    kinds = {"added", "changed", "deprecated", "removed", "fixed", "security"}
    fragments = list((ROOT / "changelog.d").iterdir())
    assert not [one for one in fragments if one.name.split(".")[1:] != [_kind(one), "md"]]
    assert {_kind(one) for one in fragments} <= kinds


def _kind(fragment: Path) -> str:
    return fragment.name.split(".")[1]
