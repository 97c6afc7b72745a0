"""Owns the forms that are JSON and flat: one object for each finding.

Their keys are those of the programs that read them: hadolint's own, Codacy, Code Climate, GitLab and SonarQube. Keys
are sorted and nothing is indented, so that a report is a function of its findings. It refuses to add what a reader of
the form would not know; our own JSON has more.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from lithify.linting.formats.excerpt import parser_message

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lithify.linting.formats.table import Look
    from lithify.linting.report import FileReport, Item

_SYNTAX_ERROR = "DL1000"
_CLIMATE = {"error": "blocker", "warning": "major", "info": "info", "style": "minor"}
_SONAR = {"error": "CRITICAL", "warning": "MAJOR", "info": "MINOR", "style": "INFO"}


def _compact(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _items(reports: Sequence[FileReport]) -> Iterator[Item]:
    for report in reports:
        yield from report.items


def spoken(reports: Sequence[FileReport], look: Look) -> Iterator[Item]:
    """Findings; for other programs hadolint gives a syntax error with its place and line."""
    for report in reports:
        for item in report.items:
            if look.is_compatible and item.code == _SYNTAX_ERROR:
                yield item._replace(message=parser_message(item, report.text))
            else:
                yield item


def json_items(reports: Sequence[FileReport], look: Look) -> str:
    """An array of findings."""
    rows = []
    for item in _items(reports):
        place = item.place
        row: dict[str, Any] = {
            "code": item.code,
            "column": place.column,
            "file": item.file,
            "level": item.level,
            "line": place.line,
            "message": item.message,
        }
        if not look.is_compatible:
            row |= {
                "aliases": list(item.aliases),
                "end_column": place.end_column,
                "end_line": place.end_line,
                "fixable": any(fix.is_safe for fix in item.fixes),
                "slug": item.slug,
            }
        rows.append(row)
    return _compact(rows) + ("" if look.is_compatible else "\n")


def codacy(reports: Sequence[FileReport], look: Look) -> str:
    """Objects one after the other."""
    return "".join(
        _compact(
            {
                "filename": look.path or item.file,
                "line": item.place.line,
                "message": item.message,
                "patternId": item.code,
            }
        )
        for item in spoken(reports, look)
    )


def codeclimate(reports: Sequence[FileReport], look: Look) -> str:
    """Objects, each ended by a NUL."""
    return "".join(f"{_compact(_issue(item, look))}\0" for item in spoken(reports, look))


def gitlab_codeclimate(reports: Sequence[FileReport], look: Look) -> str:
    """An array of the same objects, each with a fingerprint."""
    issues = []
    for item in spoken(reports, look):
        issue = _issue(item, look)
        made = hashlib.sha1(_compact(issue).encode(), usedforsecurity=False)
        issues.append({**issue, "fingerprint": made.hexdigest()})
    return _compact(issues)


def _issue(item: Item, look: Look) -> dict[str, Any]:
    place, path = item.place, look.path or item.file
    location: dict[str, Any] = {"path": path}
    if item.code == _SYNTAX_ERROR:
        point = {"line": place.line, "column": place.column}
        end = point if look.is_compatible else _end(item)
        location["positions"] = {"begin": point, "end": end}
    elif look.is_compatible:
        location["lines"] = {"begin": place.line, "end": place.line}
    else:
        location["lines"] = {"begin": place.line, "end": place.end_line}
    return {
        "categories": ["Bug Risk"],
        "check_name": item.code,
        "description": item.message,
        "location": location,
        "severity": _CLIMATE[item.level],
        "type": "issue",
    }


def _end(item: Item) -> dict[str, int]:
    return {"line": item.place.end_line, "column": item.place.end_column}


def sonarqube(reports: Sequence[FileReport], look: Look) -> str:
    """Generic issues for SonarQube; its columns count from 0."""
    engine = "Hadolint" if look.is_compatible else "lithify"
    issues = []
    for item in _items(reports):
        is_syntax = item.code == _SYNTAX_ERROR
        issues.append(
            {
                "engineId": engine,
                "primaryLocation": {
                    "filePath": look.path or item.file,
                    "message": item.message,
                    "textRange": _range(item, look),
                },
                "ruleId": item.code,
                "severity": "BLOCKER" if is_syntax else _SONAR[item.level],
                "type": "BUG" if item.level == "error" else "CODE_SMELL",
            }
        )
    return _compact({"issues": issues})


def _range(item: Item, look: Look) -> dict[str, int]:
    place = item.place
    if not look.is_compatible:
        # A range that ends where it begins is refused; then the whole line is meant.
        if place[:2] == place[2:]:
            return {"startLine": place.line, "endLine": place.line}
        return {
            "startLine": place.line,
            "endLine": place.end_line,
            "startColumn": place.column - 1,
            "endColumn": place.end_column - 1,
        }
    if item.code == _SYNTAX_ERROR:
        start, end = place.column, place.column
    else:
        start, end = 0, 1
    return {
        "startLine": place.line,
        "endLine": place.line,
        "startColumn": start,
        "endColumn": end,
    }
