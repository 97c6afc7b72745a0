"""Owns the report of an analysis as one HTML page: no script, nothing loaded, all that is of strangers escaped.

Picking a change lights up the steps that rerun, by style rules alone. It follows the reader's light or dark colours, and
every picture says the same in a table. It refuses links to elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.cli.analysis_graph import render_graph
from lithify.cli.analysis_style import policy, style_sheet
from lithify.cli.analysis_words import cost, duration, effect, ranges, sentence, waste_share
from lithify.cli.markup import Html, element, joined
from lithify.cli.table import human_size
from lithify.cli.times import ago

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lithify.analysing.model import Analysis, Change, FileAnalysis, ImageAnalysis


def render_html(analysis: Analysis, now_s: float) -> str:
    """The page; `now_s` is the Unix time from which ages count."""
    changes = _changes(analysis.file) if analysis.file is not None else ()
    style = style_sheet([one.steps for one in changes])
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy(style)),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{analysis.title} · lithify analyse"),
        element("style", Html(style)),
    )
    body = element("body", element("main", *_sections(analysis, changes, now_s)))
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def _sections(analysis: Analysis, changes: Sequence[Change], now_s: float) -> Iterator[Html]:
    yield element("h1", analysis.title)
    notes = list(analysis.notes)
    if analysis.file is not None:
        yield from _file(analysis.file, changes, now_s)
        notes += analysis.file.notes
    if analysis.image is not None:
        yield from _image(analysis.image)
        notes += analysis.image.notes
    if analysis.file is not None:
        yield from _findings(analysis)
    if notes:
        yield element("h2", "Notes")
        yield element("ul", *(element("li", note) for note in notes))


def _table(caption: str, header: Sequence[str], rows: Sequence[Html]) -> Html:
    if not rows:
        return element("p", "none", class_="soft")
    cells = (element("th", one, scope="col") for one in header)
    return element(
        "div",
        element(
            "table",
            element("caption", caption),
            element("thead", element("tr", *cells)),
            element("tbody", *rows),
        ),
        class_="wide",
        tabindex=0,
        role="region",
        aria_label=caption,
    )


def _number(text: str) -> Html:
    return element("td", text, class_="n")


def _code(text: str) -> Html:
    return element("td", text, class_="code")


def _meter(part: int, whole: int) -> Html:
    share = f"{100 * part / whole:.1f} %" if whole else "0 %"
    return element("td", element("meter", share, min=0, max=max(whole, 1), value=part, title=share))


# -- a Dockerfile ---------------------------------------------------------------------------------


def _changes(file: FileAnalysis) -> tuple[Change, ...]:
    """Everything that can be picked: what was asked for first."""
    return (*file.answers, *file.changes)


def _file(file: FileAnalysis, changes: Sequence[Change], now_s: float) -> Iterator[Html]:
    target = f" · target {file.target}" if file.target else ""
    yield element("p", f"context {file.context}{target}", class_="soft")
    if (build := file.last_build) is not None:
        result = build.digest or f"failed: {build.error}"
        when = ago(build.created, now_s)
        text = f"last build {build.id}, {when}: {result} ({duration(build.seconds)})"
        yield element("p", text, class_="soft")
    for one in file.answers:
        yield element("p", sentence(one), class_="answer")
    yield element("h2", "Stages")
    caption = "A stage stands right of those it needs. Pick a change below to see what reruns."
    graph = element("div", render_graph(file), class_="wide", tabindex=0)
    yield element("figure", graph, element("figcaption", caption))
    if file.unneeded:
        names = ", ".join(file.unneeded)
        yield element("p", f"not needed for this target: {names}", class_="soft")
    yield element("h2", "What reruns")
    yield _pickable(changes)
    yield element("h2", "Steps")
    yield _table(
        "The steps of the build, with how long each took when it last ran",
        ("#", "Stage", "Instruction", "Line", "Last run", "Last build", "Needs"),
        [
            element(
                "tr",
                _number(str(step.number)),
                element("td", file.stages[step.stage].name, class_="name"),
                _code(step.text),
                _number(str(step.line)),
                _number("" if step.seconds is None else duration(step.seconds)),
                element("td", step.outcome),
                element("td", ranges(step.inputs)),
                class_=f"s{step.number}",
            )
            for step in file.steps
        ],
    )


def _pickable(changes: Sequence[Change]) -> Html:
    rows = [
        element(
            "tr",
            element("td", element("input", type="radio", name="change", id=f"c{at}")),
            element("td", element("label", element("code", one.label), for_=f"c{at}")),
            element("td", effect(one)),
            _number(cost(one)),
            element("td", one.detail),
        )
        for at, one in enumerate(changes)
    ]
    caption = "The most that reruns; a step that makes the same bytes as before ends the chain"
    return _table(caption, ("Show", "If this changes", "Reruns", "Time", "Detail"), rows)


def _findings(analysis: Analysis) -> Iterator[Html]:
    yield element("h2", "Findings")
    rows = [
        element(
            "tr",
            _number(f"{one.line}:{one.column}"),
            element("td", one.level, class_="error" if one.level == "error" else None),
            _code(one.code),
            element("td", one.message),
        )
        for one in analysis.findings
    ]
    caption = "What the linter found; lithify lint --explain tells more about each code"
    yield _table(caption, ("Line", "Level", "Code", "Finding"), rows)


# -- an image -------------------------------------------------------------------------------------


def _image(image: ImageAnalysis) -> Iterator[Html]:
    yield element("h2", f"Image {image.name}")
    yield element("p", f"{image.platform} · {image.digest}", class_="soft")
    yield element(
        "p",
        f"{human_size(image.size_bytes)} of files, {human_size(image.stored_bytes)} stored, "
        f"{human_size(image.wasted_bytes)} wasted ({waste_share(image)} of all layers)",
    )
    yield element("h2", "Size by instruction")
    rows = [
        element(
            "tr",
            _number(human_size(one.size_bytes)),
            _meter(one.size_bytes, image.layers_bytes),
            _number(human_size(one.wasted_bytes) if one.wasted_bytes else ""),
            _number(str(one.files)),
            _code(one.instruction),
        )
        for one in image.instructions
        if one.layer
    ]
    header = ("Size", "Share", "Wasted", "Files", "Instruction")
    yield _table("Layers, lowest first, by the instruction that made them", header, rows)
    yield element("h2", "Size by directory")
    yield _table(
        "Directories with all that is below them; small and deep ones are left out",
        ("Size", "Share", "Directory"),
        [_sized(one.size_bytes, image.size_bytes, f"/{one.path}") for one in image.folders],
    )
    yield element("h2", "Size by package")
    yield _packages(image)
    yield element("h2", "Stored, but not seen")
    yield _waste(image)


def _sized(part: int, whole: int, path: str) -> Html:
    return element("tr", _number(human_size(part)), _meter(part, whole), _code(path))


def _packages(image: ImageAnalysis) -> Html:
    rows = [
        element(
            "tr",
            _number("?" if one.size_bytes is None else human_size(one.size_bytes)),
            _meter(one.size_bytes or 0, image.size_bytes),
            element("td", joined((one.name, one.version), " ") if one.version else one.name),
            element("td", one.kind),
        )
        for one in image.packages
    ]
    return _table(
        "Installed packages by the size of their files", ("Size", "Share", "Package", "Type"), rows
    )


def _waste(image: ImageAnalysis) -> Html:
    rows = [
        element(
            "tr",
            _number(human_size(one.size_bytes)),
            _code(f"/{one.path}"),
            element("td", one.how if one.times == 1 else f"{one.how}, {one.times} times"),
            _code(one.stored_by),
            _code(one.hidden_by),
        )
        for one in image.waste
    ]
    header = ("Size", "Path", "How", "Stored by", "Hidden by")
    return _table("Files that a later layer overwrites or deletes", header, rows)
