"""What the documents say of the linter: pages of rules are current, settings are read, commands for others run."""

from __future__ import annotations

import json
import os
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from lithify.cli.main import main
from lithify.linting.discovery import is_dockerfile
from lithify.linting.formats.table import FORMS
from lithify.linting.own_files import KEYS
from lithify.linting.own_files import read_file as read_own
from lithify.linting.pages import pages, write_pages

ROOT = Path(__file__).resolve().parents[2]
_GUIDE = (ROOT / "docs" / "lint.md").read_text("utf-8")


def _blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", _GUIDE, re.MULTILINE | re.DOTALL)


def test_the_pages_of_the_rules_are_current() -> None:
    folder = ROOT / "docs" / "rules"
    written = {path.name: path.read_text("utf-8") for path in folder.glob("*.md")}
    assert written == dict(pages()), "make docs writes them"


def test_pages_of_rules_that_are_gone_are_removed(tmp_path: Path) -> None:
    (tmp_path / "gone.md").write_text("x")
    write_pages(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(pages())


def test_the_guide_shows_every_key_of_our_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (text,) = _blocks("toml")
    monkeypatch.chdir(tmp_path)
    Path("pyproject.toml").write_text(text)
    assert read_own("pyproject.toml").source == "pyproject.toml"
    assert set(tomllib.loads(text)["tool"]["lithify"]["lint"]) == set(KEYS)


def test_the_guide_names_every_form() -> None:
    told = _GUIDE.partition("## Reports")[2].partition("## ")[0]
    assert set(re.findall(r"`(\w+)`", told)) == set(FORMS)


def test_the_rule_of_the_guide_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = next(text for text in _blocks("text") if "def check" in text)
    monkeypatch.chdir(tmp_path)
    Path("no_foo.py").write_text(rule)
    Path("lithify.toml").write_text("[lint]\nrules=['no_foo.py']\n")
    Path("Dockerfile").write_text("FROM busybox:1\nRUN foo\n")
    main(["lint", "--allow-custom-rules", "-f", "json", "-o", "out"])
    assert "no-foo" in [one["code"] for one in json.loads(Path("out").read_text())]


def _commands() -> list[str]:
    """The lines of the CI files in the guide that run lithify, and the entries of the hooks."""
    run = re.compile(r"(?:- run:|    -) (lithify .*)$", re.MULTILINE)
    found = run.findall("".join(_blocks("yaml")))
    hooks: Any = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    return [*found, *(f"{one['entry']} Dockerfile" for one in hooks)]


@pytest.mark.parametrize("command", _commands())
def test_commands_for_continuous_integration_run(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("Dockerfile").write_text("FROM busybox:1\nMAINTAINER me\nCPOY a b\n")
    assert main(shlex.split(command)[1:]) == 1
    output, errors = capfd.readouterr()
    assert "CPOY" in output
    assert "usage" not in errors
    report = Path("gl-code-quality-report.json")
    if "gitlab" in command:
        assert {one["check_name"] for one in json.loads(report.read_text())} >= {"DL1000"}


def test_there_are_commands_to_run() -> None:
    assert len(_commands()) == 4


def test_hooks_are_given_the_files_that_folders_are_searched_for() -> None:
    hooks: Any = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    names = (
        "Dockerfile", "containerfile", "Dockerfile.dev", "a.Dockerfile", "Dockerfile.dockerignore",
        "Dockerfiles", "x.md", "MyDockerfile",
    )  # fmt: skip
    for hook in hooks:
        for name in names:
            is_given = bool(re.search(hook["files"], os.path.join("sub", name)))
            is_given &= not re.search(hook["exclude"], name)
            assert is_given == is_dockerfile(name), name
