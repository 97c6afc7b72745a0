"""Owns how outlines and lists of targets are shown: as tables for people, as JSON for programs.

The JSON documents have the keys of BuildKit's results, empty ones left out: {name, description, args [{name, value,
description, location}], secrets and ssh [{name, required, location}], sources} and {targets [{name, description,
base, platform, default, location}], sources}. It refuses colours.

Specification: section 6.6.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lithify.cli.render_checks import location, source_data
from lithify.cli.table import render_table
from lithify.cli.text import clean_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lithify.compiler.outline import Outline, OutlineMount, Target


def outline_text(outline: Outline) -> str:
    """A head, and a table for each kind of thing that can be given."""
    parts = [f"TARGET:      {clean_line(outline.name or '(default)')}\n"]
    if outline.description:
        parts[0] += f"DESCRIPTION: {clean_line(outline.description)}\n"
    if outline.args:
        rows = [(one.name, one.value, one.description) for one in outline.args]
        parts.append(render_table(("BUILD ARG", "VALUE", "DESCRIPTION"), rows))
    for title, mounts in (("SECRET", outline.secrets), ("SSH", outline.ssh)):
        if mounts:
            rows_ = [(one.name, "true" if one.is_required else "") for one in mounts]
            parts.append(render_table((title, "REQUIRED"), rows_))
    return "\n".join(parts)


def outline_json(outline: Outline) -> str:
    """The outline as one JSON document."""
    document = {
        "name": outline.name,
        "description": outline.description,
        "args": [
            _without_empty(
                name=one.name,
                value=one.value,
                description=one.description,
                location=location(one.span),
            )
            for one in outline.args
        ],
        "secrets": _mounts(outline.secrets),
        "ssh": _mounts(outline.ssh),
        "sources": [source_data(outline.source)],
    }
    return json.dumps(_without_empty(**document), indent=2) + "\n"


def _mounts(mounts: Sequence[OutlineMount]) -> list[dict[str, Any]]:
    return [
        _without_empty(name=one.name, required=one.is_required, location=location(one.span))
        for one in mounts
    ]


def targets_text(targets: Sequence[Target]) -> str:
    """A table of the targets."""
    rows = [(_shown_name(one), one.description) for one in targets]
    return render_table(("TARGET", "DESCRIPTION"), rows)


def _shown_name(target: Target) -> str:
    return " ".join(filter(None, (target.name, "(default)" if target.is_default else "")))


def targets_json(targets: Sequence[Target]) -> str:
    """The targets as one JSON document."""
    document = {
        "targets": [
            _without_empty(
                name=one.name,
                default=one.is_default,
                description=one.description,
                base=one.base,
                platform=one.platform,
                location=location(one.span),
            )
            for one in targets
        ],
        "sources": [source_data(one.span.source) for one in targets[:1]],
    }
    return json.dumps(document, indent=2) + "\n"


def _without_empty(**members: object) -> dict[str, Any]:
    return {key: value for key, value in members.items() if value not in ("", [], False)}
