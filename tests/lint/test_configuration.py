"""Settings: where they are looked for, what they may say, who is believed, and what a mistake in them looks like."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lithify.compiler.lint.rule import Profile, Severity
from lithify.errors import ConfigurationError
from lithify.linting.configuration import configure
from lithify.linting.hadolint_files import candidates, read_environment, read_file
from lithify.linting.own_files import find_file
from lithify.linting.own_files import read_file as read_own
from lithify.linting.settings import Layer, always_succeeds, settle

_NOTHING: dict[str, str] = {}
_WHOLE = """
failure-threshold: warning
format: tty
no-fail: true
no-color: yes
verbose: On
strict-labels: true
disable-ignore-pragma: 1
ignored: [DL3006, dl3008]
trustedRegistries:
  - docker.io
  - "*.example.org"
label-schema:
  author: text
  version: semver
  note: ""
override:
  error: [DL3001]
  style:
    - DL3002
"""


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path / "here")


def _write(name: str, text: str) -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return name


def test_every_key_of_hadolints_file_is_understood() -> None:
    layer = read_file(_write("c.yaml", _WHOLE)).layer
    assert layer == Layer(
        source="c.yaml",
        threshold="warning",
        no_fail=True,
        no_color=True,
        verbose=True,
        strict_labels=True,
        disable_pragma=True,
        formats=("tty",),
        ignored=("DL3006", "dl3008"),
        levels=(("DL3001", "error"), ("DL3002", "style")),
        registries=("docker.io", "*.example.org"),
        labels=(("author", "text"), ("version", "semver"), ("note", "text")),
    )


def test_an_empty_file_says_nothing() -> None:
    for text in ("", "# nothing\n", "---\n", "ignored:\noverride:\n"):
        assert read_file(_write("c.yaml", text)).layer == Layer("c.yaml")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("ignored: DL3006\n", "c.yaml:1:10: a list"),
        ("a\n", "c.yaml:1:1: keys and values"),
        ("ignored:\n  - [x]\n", "c.yaml:2:5: a word"),
        ("no-fail: perhaps\n", "c.yaml:1:10: true or false"),
        ("failure-threshold: grave\n", "c.yaml:1:20: grave is none of"),
        ("format: pdf\n", "c.yaml:1:9: pdf is none of"),
        ("label-schema: {a: number}\n", "c.yaml:1:19: number is none of"),
        ("override: {fatal: [DL1]}\n", "c.yaml:1:12: fatal is none of"),
        ("foo: [\n", "c.yaml:2:1: "),
        ("\tx: 1\n", "c.yaml:1:1: "),
        ("? [a]\n: b\n", "c.yaml:1:3: a key is a word"),
        ("a: &x [*x]\nignored: !!python/object:os.system [1]\n", ""),
    ],
)
def test_a_mistake_in_it_has_a_place(text: str, place: str) -> None:
    path = _write("c.yaml", text)
    if not place:
        assert read_file(path).layer.ignored == ("1",)
        return
    with pytest.raises(ConfigurationError) as caught:
        read_file(path)
    assert caught.value.message.startswith(place)


def test_a_key_that_nobody_knows_is_told_of() -> None:
    read = read_file(_write("c.yaml", "ignored: [DL3006]\nignord: [DL3007]\n"))
    assert read.notes == ("c.yaml:2:1: unknown key ignord (did you mean ignored?)",)
    assert read.layer.ignored == ("DL3006",)


def test_hadolints_file_is_looked_for_where_it_looks() -> None:
    found = list(candidates({"HOME": "/h", "XDG_CONFIG_HOME": "/x"}))
    assert found == [
        ".hadolint.yaml", ".hadolint.yml", "/x/hadolint.yaml", "/x/hadolint.yml",
        "/h/.hadolint/hadolint.yaml", "/h/.hadolint/hadolint.yml", "/h/.hadolint/config.yaml",
        "/h/.hadolint/config.yml", "/h/.hadolint.yaml", "/h/.hadolint.yml",
    ]  # fmt: skip
    assert list(candidates({"HOME": "/h"}))[2] == "/h/.config/hadolint.yaml"


def test_the_environment_speaks_for_every_setting() -> None:
    layer = read_environment(
        {
            "HADOLINT_NOFAIL": "Yes",
            "HADOLINT_VERBOSE": "0",
            "NO_COLOR": "",
            "HADOLINT_FORMAT": "json,tty",
            "HADOLINT_IGNORE": "DL3006, DL3008",
            "HADOLINT_OVERRIDE_INFO": "DL3001",
            "HADOLINT_TRUSTED_REGISTRIES": "a,b",
            "HADOLINT_REQUIRE_LABELS": "a:text,b:url,c",
            "HADOLINT_STRICT_LABELS": "true",
            "HADOLINT_DISABLE_IGNORE_PRAGMA": "on",
            "HADOLINT_FAILURE_THRESHOLD": "error",
        }
    )
    assert layer == Layer(
        no_fail=True,
        verbose=False,
        no_color=True,
        formats=("json", "tty"),
        ignored=("DL3006", "DL3008"),
        levels=(("DL3001", "info"),),
        registries=("a", "b"),
        labels=(("a", "text"), ("b", "url"), ("c", "text")),
        strict_labels=True,
        disable_pragma=True,
        threshold="error",
    )


@pytest.mark.parametrize(
    "variable", ["HADOLINT_FORMAT", "HADOLINT_FAILURE_THRESHOLD", "HADOLINT_REQUIRE_LABELS"]
)
def test_a_variable_with_an_impossible_value_is_refused(variable: str) -> None:
    with pytest.raises(ConfigurationError, match=variable):
        read_environment({variable: "a:nonsense"})


def test_scalars_come_from_the_strongest_and_lists_from_all() -> None:
    settings = settle(
        (
            Layer(threshold="error", ignored=("DL1",), levels=(("DL9", "info"),)),
            Layer(threshold="style", no_fail=True, ignored=("DL2", "DL1"), formats=("json",)),
            Layer(no_fail=False, formats=("tty",), levels=(("DL9", "error"),)),
        )
    )
    assert settings.threshold is Severity.ERROR
    assert settings.no_fail
    assert settings.formats == ("json",)
    assert settings.policy.ignored == {"dl1", "dl2"}
    assert settings.policy.levels == (("dl9", Severity.INFO), ("dl9", Severity.ERROR))
    assert settle((Layer(threshold="none"),)).threshold is None


def test_some_forms_never_fail() -> None:
    settings = settle(())
    assert always_succeeds(settings, ["json", "codacy"])
    assert always_succeeds(settings, ["codeclimate"])
    assert not always_succeeds(settings, ["gitlab_codeclimate"])
    assert always_succeeds(settings._replace(no_fail=True), [])


_OWN = """
[tool.lithify.lint]
profile = "hadolint"
ignore = ["image-latest"]
select = ["all"]
failure-threshold = "style"
format = "json"
no-fail = false
exclude = ["vendor"]
rules = ["ci/no_foo.py"]
[tool.lithify.lint.severity]
DL3006 = "error"
[tool.lithify.lint.per-file-ignores]
"*.dev" = ["user-root-last"]
[tool.lithify.lint.label-schema]
version = "semver"
"""


def test_every_key_of_our_file_is_understood() -> None:
    assert read_own(_write("sub/pyproject.toml", _OWN)) == Layer(
        source="sub/pyproject.toml",
        profile="hadolint",
        threshold="style",
        no_fail=False,
        formats=("json",),
        ignored=("image-latest",),
        selected=("all",),
        levels=(("DL3006", "error"),),
        labels=(("version", "semver"),),
        exclude=("vendor",),
        per_file=(("*.dev", ("user-root-last",)),),
        rule_files=("sub/ci/no_foo.py",),
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('ignor = ["a"]', "pyproject.toml:2: ignor: unknown key"),
        ('ignore = "a"', "pyproject.toml:2: ignore: a list of strings"),
        ("ignore = [1]", "pyproject.toml:2: ignore: a list of strings"),
        ('profile = "mine"', "pyproject.toml:2: profile: 'mine' is none of"),
        ("profile = 1", "pyproject.toml:2: profile: 1 is none of"),
        ('no-fail = "yes"', "pyproject.toml:2: no-fail: true or false"),
        ('severity = "a"', "pyproject.toml:2: severity: a table"),
        ('severity.DL3006 = "fatal"', "pyproject.toml: severity: 'fatal' is none of"),
        ('format = ["pdf"]', "pyproject.toml:2: format: 'pdf' is none of"),
        ("ignore = ", "pyproject.toml: this is no TOML"),
    ],
)
def test_a_mistake_in_ours_names_the_key_and_the_line(line: str, message: str) -> None:
    path = _write("pyproject.toml", f"[tool.lithify.lint]\n{line}\n")
    with pytest.raises(ConfigurationError) as caught:
        read_own(path)
    assert caught.value.message.startswith(message)


def test_our_file_is_looked_for_upwards_to_the_root_of_the_repository(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _write("../../lithify.toml", "[lint]\nignore=['outside']\n")
    assert find_file(".") == ""
    _write("../pyproject.toml", "[project]\nname='x'\n")
    assert find_file(".") == ""
    _write("../pyproject.toml", "[tool.lithify.lint]\n")
    assert find_file(".") == "../pyproject.toml"
    _write("a/lithify.toml", "[lint]\n")
    assert find_file("a") == "a/lithify.toml"


def test_the_command_line_beats_our_file_and_that_beats_hadolints() -> None:
    _write("lithify.toml", "[lint]\nfailure-threshold='warning'\nignore=['b']\n")
    _write(".hadolint.yaml", "failure-threshold: style\nignored: [c]\nno-fail: true\n")
    environment = {"HADOLINT_IGNORE": "d", "HADOLINT_NOFAIL": "no"}
    settings = configure(Layer(ignored=("a",)), "", environment).settings
    assert settings.threshold is Severity.WARNING
    assert settings.no_fail
    assert settings.policy.ignored == {"a", "b", "c", "d"}
    assert settings.sources == ("lithify.toml", ".hadolint.yaml")
    told = configure(Layer(threshold="error"), "", environment).settings
    assert told.threshold is Severity.ERROR


def test_a_named_file_is_the_only_one() -> None:
    _write("lithify.toml", "[lint]\nignore=['b']\n")
    _write(".hadolint.yaml", "ignored: [c]\n")
    named = _write("x.yaml", "ignored: [e]\n")
    assert configure(Layer(), named, _NOTHING).settings.policy.ignored == {"e"}
    own = _write("x.toml", "[lint]\nignore=['f']\nprofile='buildkit'\n")
    settings = configure(Layer(), own, _NOTHING).settings
    assert settings.policy.ignored == {"f"}
    assert settings.policy.profile is Profile.BUILDKIT


@pytest.mark.parametrize("name", ["missing.yaml", "missing.toml"])
def test_a_named_file_has_to_be_there(name: str) -> None:
    with pytest.raises(ConfigurationError, match="no such file"):
        configure(Layer(profile="hadolint"), name, _NOTHING)


def test_a_broken_file_of_hadolint_is_passed_over_in_its_profile_alone() -> None:
    _write(".hadolint.yaml", "ignored: [\n")
    with pytest.raises(ConfigurationError):
        configure(Layer(), "", _NOTHING)
    told: Any = configure(Layer(profile="hadolint"), "", _NOTHING)
    assert told.settings.policy.ignored == frozenset()
    assert told.notes[0].startswith(".hadolint.yaml:2:1: ")
