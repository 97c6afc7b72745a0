"""Owns how findings of checks are shown: as text with the lines they are about, and as JSON for programs.

The JSON document has the keys of BuildKit's lint result: warnings [{ruleName, description, url, detail, location}],
sources [{filename, language, data}] and, if planning failed, buildError {message, location}. A location is
{sourceIndex, ranges: [{start: {line, character}, end: {line, character}}]}; lines count from 1, characters from 0. It
refuses colours: the text is read by scripts as well.

Specification: section 6.1.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from lithify.cli.text import clean, clean_line

if TYPE_CHECKING:
    from lithify.compiler.lint.engine import Checked, Finding
    from lithify.errors import SourceText, Span

#: Lines shown before and behind those that a finding is about.
CONTEXT_LINES = 2
_RULER = "-" * 20


def check_text(checked: Checked) -> str:
    """The findings, each with its excerpt, and a line that counts them."""
    parts = [_finding(finding) for finding in checked.findings]
    count = len(checked.findings)
    found = f"{count} warning{'' if count == 1 else 's'} found" if count else "no warnings found"
    ending = "the Dockerfile cannot be built" if checked.error is not None else found
    return "\n".join([*parts, f"Check complete, {ending}.\n"])


def _finding(finding: Finding) -> str:
    span, rule = finding.span, finding.rule
    head = f"WARNING: {rule.name}" + (f" - {rule.url}" if rule.url else "")
    place = f"{clean_line(span.source.name)}:{span.line}"
    return "\n".join(
        [head, clean_line(finding.message), place, _RULER, *_excerpt(span), _RULER, ""]
    )


def _excerpt(span: Span) -> list[str]:
    source, first, last = span.source, span.line, span.last_line
    end = min(last + CONTEXT_LINES, source.position(len(source.text.rstrip("\n")))[0])
    lines = []
    for number in range(max(1, first - CONTEXT_LINES), max(end, last) + 1):
        mark = ">>>" if first <= number <= last else "   "
        lines.append(f" {number:3} | {mark} {clean(source.line(number))}".rstrip())
    return lines


def check_json(checked: Checked) -> str:
    """The findings as one JSON document."""
    document: dict[str, Any] = {
        "warnings": [
            {
                "ruleName": finding.rule.name,
                "description": finding.rule.description,
                "url": finding.rule.url,
                "detail": finding.message,
                "location": location(finding.span),
            }
            for finding in checked.findings
        ],
        "sources": [source(checked.source)],
    }
    if checked.error is not None:
        place = location(checked.error.span) if checked.error.span is not None else None
        document["buildError"] = {"message": checked.error.message, "location": place}
    return json.dumps(document, indent=2) + "\n"


def source(text: SourceText) -> dict[str, str]:
    """A source file with its content, so that a location can be shown without it."""
    return {"filename": text.name, "language": "Dockerfile", "data": source_data(text)}


def source_data(text: SourceText) -> str:
    return base64.b64encode(text.text.encode("utf-8", "replace")).decode("ascii")


def location(span: Span) -> dict[str, Any]:
    """Where something stands."""
    end_line, end_column = span.source.position(span.end)
    if end_line > span.last_line:
        end_line, end_column = span.last_line, len(span.source.line(span.last_line)) + 1
    start = {"line": span.line, "character": span.column - 1}
    end = {"line": end_line, "character": end_column - 1}
    return {"sourceIndex": 0, "ranges": [{"start": start, "end": end}]}
