"""Owns the report of an analysis on a terminal: sections of tables, the same whether a terminal or a file reads them.

Names are of strangers, so every cell is cleaned. It refuses to show everything: what is long is cut to what matters
most, and `--json` has the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.cli.analysis_words import (
    cost,
    duration,
    effect,
    platform_label,
    ranges,
    sentence,
    waste_share,
)
from lithify.cli.table import human_size, render_table, shorten
from lithify.cli.text import clean_line
from lithify.cli.times import ago

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lithify.analysing.model import Analysis, FileAnalysis, ImageAnalysis

_WIDEST = 60
_MOST_ROWS = 15
_BAR = 20


def render_text(analysis: Analysis, now_s: float) -> str:
    """The whole report; `now_s` is the Unix time from which ages count."""
    lines: list[str] = []
    if analysis.file is not None:
        lines += _file(analysis.file, now_s)
    if analysis.image is not None:
        lines += [""] * bool(lines)
        lines += _image(analysis.image)
    if analysis.file is not None:
        lines += ["", *_findings(analysis)]
    notes = [*(analysis.file.notes if analysis.file else ()), *analysis.notes]
    notes += analysis.image.notes if analysis.image else ()
    if notes:
        lines += ["", *(f"note: {clean_line(note)}" for note in notes)]
    # Names that are no UTF-8 must not keep the report from being written.
    return ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace").decode("utf-8")


def _section(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield title
    for line in render_table(header, rows).rstrip("\n").split("\n"):
        yield f"  {line}"


def _cut(all_: int) -> Iterator[str]:
    if all_ > _MOST_ROWS:
        yield f"  … and {all_ - _MOST_ROWS} more (--json shows all)"


# -- a Dockerfile ---------------------------------------------------------------------------------


def _file(file: FileAnalysis, now_s: float) -> Iterator[str]:
    target = f", target {file.target}" if file.target else ""
    yield clean_line(f"{file.dockerfile}, context {file.context}{target}")
    if file.last_build is not None:
        build = file.last_build
        result = build.digest or f"failed: {build.error}"
        took = duration(build.seconds)
        yield clean_line(f"last build {build.id}, {ago(build.created, now_s)}: {result} ({took})")
    if file.answers:
        yield ""
        yield from (clean_line(sentence(one)) for one in file.answers)
    yield ""
    yield from _stages(file)
    yield ""
    yield from _section(
        "steps",
        ("#", "INSTRUCTION", "LAST RUN", "LAST BUILD"),
        [
            (
                str(step.number),
                shorten(clean_line(step.name), _WIDEST),
                "" if step.seconds is None else duration(step.seconds),
                step.outcome,
            )
            for step in file.steps
        ],
    )
    yield ""
    yield from _section(
        "what reruns, at most, if it changes",
        ("WHAT", "RERUNS", "TIME", "DETAIL"),
        [
            (
                shorten(clean_line(one.label), _WIDEST),
                shorten(clean_line(effect(one)), _WIDEST),
                cost(one),
                shorten(clean_line(one.detail), _WIDEST),
            )
            for one in file.changes[:_MOST_ROWS]
        ],
    )
    yield from _cut(len(file.changes))


def _stages(file: FileAnalysis) -> Iterator[str]:
    has_several = len({stage.platform for stage in file.stages}) > 1
    names = [platform_label(one.name, one.platform, has_several) for one in file.stages]
    rows = [
        (name, ranges(stage.steps), ", ".join(names[one] for one in stage.needs))
        for name, stage in zip(names, file.stages, strict=True)
    ]
    yield from _section("stages", ("STAGE", "STEPS", "NEEDS"), rows)
    if file.unneeded:
        yield clean_line(f"  not needed for this target: {', '.join(file.unneeded)}")


def _findings(analysis: Analysis) -> Iterator[str]:
    if not analysis.findings:
        yield "no findings"
        return
    yield f"{len(analysis.findings)} finding{'' if len(analysis.findings) == 1 else 's'}"
    for one in analysis.findings:
        place = f"{one.line}:{one.column}"
        yield clean_line(f"  {place}  {one.level}  {one.code}: {one.message}")


# -- an image -------------------------------------------------------------------------------------


def _image(image: ImageAnalysis) -> Iterator[str]:
    yield clean_line(f"image {image.name}, {image.platform}, {image.digest}")
    yield (
        f"{human_size(image.size_bytes)} of files, {human_size(image.stored_bytes)} stored; "
        f"{human_size(image.wasted_bytes)} wasted ({waste_share(image)} of all layers)"
    )
    yield ""
    rows = [
        (
            human_size(one.size_bytes),
            _bar(one.size_bytes, image.layers_bytes),
            human_size(one.wasted_bytes) if one.wasted_bytes else "",
            shorten(clean_line(one.instruction), _WIDEST),
        )
        for one in image.instructions
        if one.layer
    ]
    yield from _section("size by instruction", ("SIZE", "", "WASTED", "INSTRUCTION"), rows)
    yield ""
    folders = sorted(image.folders, key=lambda one: (-one.size_bytes, one.path))
    shares = [
        (human_size(one.size_bytes), _bar(one.size_bytes, image.size_bytes), f"/{one.path}")
        for one in folders[:_MOST_ROWS]
    ]
    yield from _section("size by directory", ("SIZE", "", "DIRECTORY"), shares)
    yield from _cut(len(folders))
    if image.packages:
        yield ""
        yield from _packages(image)
    if image.waste:
        yield ""
        yield from _waste(image)


def _packages(image: ImageAnalysis) -> Iterator[str]:
    rows = [
        (
            "?" if one.size_bytes is None else human_size(one.size_bytes),
            f"{one.name} {one.version}".strip(),
            one.kind,
        )
        for one in image.packages[:_MOST_ROWS]
    ]
    yield from _section("size by package", ("SIZE", "PACKAGE", "TYPE"), rows)
    yield from _cut(len(image.packages))


def _waste(image: ImageAnalysis) -> Iterator[str]:
    rows = [
        (
            human_size(one.size_bytes),
            f"/{one.path}",
            one.how if one.times == 1 else f"{one.how}, {one.times} times",
            shorten(clean_line(one.hidden_by), _WIDEST),
        )
        for one in image.waste[:_MOST_ROWS]
    ]
    yield from _section("stored, but not seen", ("SIZE", "PATH", "HOW", "BY"), rows)
    yield from _cut(len(image.waste))


def _bar(part: int, whole: int) -> str:
    filled = round(_BAR * part / whole) if whole else 0
    return "█" * filled
