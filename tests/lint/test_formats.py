"""Forms of reports: hadolint's to the byte, ours as a whole, and what their readers demand of them."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from lithify.linting.formats.table import FORMS, Look, form
from lithify.linting.report import FileReport, Item, Place, PlacedEdit, PlacedFix

HERE = Path(__file__).parent / "formats"
_TEXTS = {
    "a.Dockerfile": "FROM ubuntu\nMAINTAINER me\nRUN cd /tmp && echo $FOO\nLABEL Foo=bar\n",
    "bad.Dockerfile": "FROM debian:12\nFOO bar\n",
    "clean.Dockerfile": 'FROM debian:12\nCMD ["x"]\n',
}
_COMPATIBLE = Look(True, "2.15.1", time="2026-11-23 20:44:36")
_OWN = Look(version="0.1.0", time="2026-11-23 20:44:36")
_MACHINE_READ = ("json", "codeclimate", "gitlab_codeclimate", "gitlab", "sonarqube", "sarif")


def _recorded() -> list[FileReport]:
    rows = json.loads((HERE / "findings.json").read_text("utf-8"))
    return [
        FileReport(
            name,
            tuple(
                Item(name, Place(*[row["line"], row["column"]] * 2), row["code"], row["code"],
                     row["level"], row["message"])
                for row in rows
                if row["file"] == name
            ),
            text,
        )
        for name, text in _TEXTS.items()
    ]  # fmt: skip


def _ours(message: str = 'a "ü" & <b>, 100 %: *x* | y\nnext', name: str = "d,ü/Dockerfile") -> Any:
    edit = PlacedEdit(Place(2, 5, 2, 6), "y")
    fix = PlacedFix("write y", (edit,), True)
    item = Item(
        name, Place(2, 5, 2, 6), "DL9", "a-rule", "warning", message, ("DS-1",),
        "https://example.org/a-rule", (fix,), ((Place(1, 1, 1, 5), "see here"),), ("deprecated",),
    )  # fmt: skip
    error = Item(name, Place(3, 1, 3, 4), "DL1000", "syntax-error", "error", "no such thing")
    style = Item(name, Place(1, 1, 1, 1), "LF1", "b-rule", "style", "at nothing")
    text = "FROM a\nRUN\u00fcx b\nRNU\n"
    return [FileReport(name, (style, item, error), text), FileReport("clean", (), "")]


@pytest.mark.parametrize("path", sorted(HERE.glob("hadolint.*")), ids=lambda path: path.suffix)
def test_hadolints_forms_are_equal_to_the_byte(path: Path) -> None:
    wanted = path.read_bytes().decode("utf-8")
    assert form(path.suffix[1:])(_recorded(), _COMPATIBLE) == wanted


def test_every_form_of_hadolint_has_been_recorded() -> None:
    ours = {"text", "github", "gitlab", "rdjson", "markdown"}
    assert {path.suffix[1:] for path in HERE.glob("hadolint.*")} == set(FORMS) - ours


@pytest.mark.parametrize("name", sorted(FORMS))
def test_our_own_look_of_every_form(name: str, snapshot: Any) -> None:
    assert form(name)(_ours(), _OWN) == snapshot


@pytest.mark.parametrize("name", sorted(FORMS))
def test_every_form_shows_nothing_where_nothing_was_found(name: str) -> None:
    shown = form(name)([FileReport("clean")], _OWN)
    assert "DL" not in shown
    if name in ("checkstyle", "junit"):
        assert [one.tag for one in ET.fromstring(shown).iter()][1:] in (["file"], ["testsuite"])
    elif name in _MACHINE_READ and name != "codeclimate":
        json.loads(shown)


@pytest.mark.parametrize("name", ["checkstyle", "junit"])
def test_xml_survives_what_xml_cannot_hold(name: str) -> None:
    shown = form(name)(_ours("\x00\x1b[31m]]>\ud800&", "a\x01<"), _OWN)
    assert ET.fromstring(shown) is not None
    assert "\x1b" not in shown


@pytest.mark.parametrize("name", ["json", "sarif", "sonarqube", "gitlab", "rdjson"])
def test_json_is_json_whatever_a_message_holds(name: str) -> None:
    assert json.loads(form(name)(_ours('"\\\x00\n\u2028'), _OWN))


def test_gitlab_tells_issues_apart_by_their_fingerprints() -> None:
    issues = json.loads(form("gitlab")(_recorded(), _OWN))
    assert len({one["fingerprint"] for one in issues}) == len(issues)


def test_a_path_given_for_the_report_stands_for_the_file() -> None:
    for name in ("checkstyle", "codeclimate", "gitlab_codeclimate", "sonarqube", "junit"):
        shown = form(name)(_recorded(), _OWN._replace(path="other/File"))
        assert "other/File" in shown
        assert "a.Dockerfile" not in shown


def test_sarif_has_rules_with_help_exact_regions_and_fixes() -> None:
    item = Item("f", Place(1, 3, 2, 4), "UndefinedVar", "undefined-var", "warning", "m")
    fixed = _ours()[0].items[1]
    run = json.loads(form("sarif")([FileReport("f", (item, fixed), "")], _OWN))["runs"][0]
    rule = run["tool"]["driver"]["rules"][0]
    assert rule["id"] == "UndefinedVar"
    assert "What it does" in rule["help"]["text"]
    assert "```dockerfile" in rule["help"]["markdown"]
    region = run["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 1, "startColumn": 3, "endLine": 2, "endColumn": 4}
    change = run["results"][1]["fixes"][0]["artifactChanges"][0]["replacements"][0]
    assert change["insertedContent"]["text"] == "y"
    assert [one["ruleIndex"] for one in run["results"]] == [0, 1]


def test_reviewdog_counts_bytes() -> None:
    document = json.loads(form("rdjson")(_ours(), _OWN))
    start = document["diagnostics"][1]["location"]["range"]["start"]
    assert start == {"line": 2, "column": 6}


def test_colours_are_for_terminals() -> None:
    for name in ("text", "tty"):
        assert "\x1b" not in form(name)(_ours(), _OWN)
        assert "\x1b[" in form(name)(_ours(), _OWN._replace(has_colour=True))
