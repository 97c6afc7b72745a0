"""Owns the SARIF form, version 2.1.0: with rules, help, exact regions and fixes; or as hadolint writes it.

Columns count code points, and say so. It refuses absolute addresses: paths are those of the command line.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from lithify.compiler.lint.documentation import page_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lithify.linting.formats.table import Look
    from lithify.linting.report import FileReport, Item, Place, PlacedFix

_LEVELS = {"error": "error", "warning": "warning", "info": "note", "style": "note"}
_HADOLINT = {
    "name": "Hadolint",
    "fullName": "Haskell Dockerfile Linter",
    "downloadUri": "https://github.com/hadolint/hadolint",
    "shortDescription": {"text": "Dockerfile linter, validate inline bash, written in Haskell"},
}


def sarif(reports: Sequence[FileReport], look: Look) -> str:
    """One run with all findings."""
    items = [item for report in reports for item in report.items]
    run = _compatible(items, look) if look.is_compatible else _own(items, look)
    schema = "http://json.schemastore.org/sarif-2.1.0"
    if not look.is_compatible:
        schema = "https://json.schemastore.org/sarif-2.1.0.json"
    document = {"$schema": schema, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _compatible(items: Sequence[Item], look: Look) -> dict[str, Any]:
    results = []
    for item in items:
        line = item.place.line
        region = {
            "startLine": line,
            "endLine": line,
            "startColumn": item.place.column,
            "endColumn": item.place.column,
            "sourceLanguage": "sh" if item.code.startswith("SC") else "dockerfile",
        }
        results.append(_result(item, look, region))
    driver = {**_HADOLINT, "version": look.version}
    return {
        "tool": {"driver": driver},
        "results": results,
        "defaultSourceLanguage": "dockerfile",
    }


def _result(item: Item, look: Look, region: dict[str, Any]) -> dict[str, Any]:
    uri = look.path or item.file
    place = {"artifactLocation": {"uri": uri}, "region": region}
    return {
        "ruleId": item.code,
        "level": _LEVELS[item.level],
        "message": {"text": item.message},
        "locations": [{"physicalLocation": place}],
    }


def _own(items: Sequence[Item], look: Look) -> dict[str, Any]:
    rules: dict[str, dict[str, Any]] = {}
    results = []
    for item in items:
        if item.code not in rules:
            rules[item.code] = _rule(item)
        result = _result(item, look, _region(item.place))
        uri = quote(look.path or item.file)
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] = uri
        result["ruleIndex"] = list(rules).index(item.code)
        if item.related:
            result["relatedLocations"] = [
                {
                    "message": {"text": message},
                    "physicalLocation": {
                        "artifactLocation": {"uri": uri},
                        "region": _region(place),
                    },
                }
                for place, message in item.related
            ]
        if item.fixes:
            result["fixes"] = [_fix(fix, uri) for fix in item.fixes]
        results.append(result)
    driver = {"name": "lithify", "version": look.version, "rules": list(rules.values())}
    return {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "defaultSourceLanguage": "dockerfile",
        "results": results,
    }


def _rule(item: Item) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": item.code,
        "name": item.slug,
        "defaultConfiguration": {"level": _LEVELS[item.level]},
        "properties": {"tags": sorted({"dockerfile", *item.aliases})},
    }
    page = page_of(item.slug)
    if page is not None:
        made["shortDescription"] = {"text": page.title}
        made["help"] = {"text": page.text, "markdown": page.markdown}
    if item.url:
        made["helpUri"] = item.url
    return made


def _region(place: Place) -> dict[str, int]:
    return {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    }


def _fix(fix: PlacedFix, uri: str) -> dict[str, Any]:
    replacements = [
        {"deletedRegion": _region(edit.place), "insertedContent": {"text": edit.text}}
        for edit in fix.edits
    ]
    change = {"artifactLocation": {"uri": uri}, "replacements": replacements}
    return {"description": {"text": fix.title}, "artifactChanges": [change]}
