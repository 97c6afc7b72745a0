"""Owns the forms that are XML: Checkstyle and JUnit.

They are written by hand, because attributes stand in hadolint's order and characters are escaped as it does. It refuses
characters that XML cannot hold: they are left out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.linting.formats.documents import spoken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lithify.linting.formats.table import Look
    from lithify.linting.report import FileReport, Item

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
_IMPOSSIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def _escaped(text: str) -> str:
    return re.sub('[&<>"]', lambda match: _ESCAPES[match[0]], _IMPOSSIBLE.sub("", text))


def _tag(name: str, /, **attributes: str) -> str:
    pairs = "".join(f' {key}="{_escaped(value)}"' for key, value in attributes.items())
    return f"{name}{pairs}"


def checkstyle(reports: Sequence[FileReport], look: Look) -> str:
    """A document with an element for each file, findings or not."""
    files = []
    for report in reports:
        head = _tag("file", name=look.path or report.name)
        errors = "".join(_error(item, look) for item in spoken((report,), look))
        files.append(f"<{head}>{errors}</file>" if errors else f"<{head}/>")
    return f'{_HEAD}<checkstyle version="4.3">{"".join(files)}</checkstyle>'


def _error(item: Item, look: Look) -> str:
    attributes = {
        "column": str(item.place.column),
        "line": str(item.place.line),
        "message": item.message,
        "severity": item.level if look.is_compatible else _CHECKSTYLE.get(item.level, item.level),
    }
    if item.code != "DL1000" or not look.is_compatible:
        attributes["source"] = item.code
    return f"<{_tag('error', **attributes)}/>"


#: Checkstyle knows no `style`.
_CHECKSTYLE = {"style": "info"}


def junit(reports: Sequence[FileReport], look: Look) -> str:
    """A suite for each file, a failed case for each finding."""
    program = "Hadolint" if look.is_compatible else "lithify"
    run = _tag(
        "testsuites",
        id=re.sub("[-:]", "", look.time).replace(" ", "_"),
        name=f"{program} run at {look.time}",
        time="0.001",
    )
    suites = "".join(_suite(report, look, program) for report in reports)
    return f"{_HEAD}<{run}>{suites}</testsuites>"


def _suite(report: FileReport, look: Look, program: str) -> str:
    name = f"{program} {look.version}" if look.is_compatible else look.path or report.name
    head = _tag(
        "testsuite",
        errors=str(sum(item.code == "DL1000" for item in report.items)),
        failures=str(len(report.items)),
        id=program.lower(),
        name=name,
        time="0.001",
    )
    cases = "".join(_case(item, look, program) for item in spoken((report,), look))
    return f"<{head}>{cases}</testsuite>" if cases else f"<{head}/>"


def _case(item: Item, look: Look, program: str) -> str:
    place, path = item.place, look.path or item.file
    if look.is_compatible and item.code == "DL1000":
        case = _tag("testcase", id="hadolint.error", name="DL1000", time="0.001")
        where = f"parse error at line {place.line}, column {place.column}"
        failure = _tag("failure", message=where, type="error")
        text = (
            f"Parse Error in {path}\nLine: {place.line}\nColumn: {place.column}\n"
            f"Parse Error: {item.message}\n"
        )
        return f"<{case}><{failure}>{_escaped(text)}</failure></testcase>"
    kind = f"{program.lower()}.rule.{item.code}"
    case = _tag("testcase", id=kind, time="0.001")
    if not look.is_compatible:
        case = _tag("testcase", classname=path, name=f"{item.code} line {place.line}", time="0.001")
    failure = _tag("failure", id=item.code, message=item.message, type=item.level)
    column = "" if look.is_compatible else f"Column: {place.column}\n"
    category = f"Category: {program} - Dockerfile Static Analysis\n"
    text = f"File: {path}\nLine: {place.line}\n{column}{category}{item.level}: {item.message}\n"
    return f"<{case}><{failure}>{_escaped(text)}</failure></testcase>"
