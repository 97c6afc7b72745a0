"""Owns the words in which an analysis is told, the same on the terminal and in HTML.

It refuses markup and escapes: who shows the words knows what its medium obeys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lithify.analysing.model import Change, ImageAnalysis

_MINUTE_S = 60
_HOUR_S = 3600


def ranges(numbers: Sequence[int]) -> str:
    """Ascending numbers with runs drawn together: 1, 3–5."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)


def duration(seconds: float) -> str:
    """Such as 0.3s, 40s, 2m 05s, 1h 10m."""
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < _MINUTE_S:
        return f"{whole}s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S}m {whole % _MINUTE_S:02}s"
    return f"{whole // _HOUR_S}h {whole % _HOUR_S // _MINUTE_S:02}m"


def cost(change: Change) -> str:
    """How long the steps of a change take, as far as that is known; '' for none."""
    if not change.steps:
        return ""
    if change.untimed == len(change.steps):
        return "time not known"
    text = f"about {duration(change.wait_s)}"
    if change.work_s - change.wait_s >= 1:
        text += f" ({duration(change.work_s)} of work side by side)"
    return f"{text}, without {change.untimed} not timed" if change.untimed else text


def effect(change: Change) -> str:
    """Which steps rerun."""
    if not change.steps:
        return change.note or "nothing reruns"
    return f"{'step' if len(change.steps) == 1 else 'steps'} {ranges(change.steps)}"


def sentence(change: Change) -> str:
    """An answer as one sentence."""
    if not change.steps:
        return f"if you change {change.label}: {effect(change)}"
    verb = "reruns" if len(change.steps) == 1 else "rerun"
    by = f", {cost(change)} by the last builds" if change.untimed < len(change.steps) else ""
    return f"if you change {change.label}, {effect(change)} {verb}{by}"


def waste_share(image: ImageAnalysis) -> str:
    """What part of the layers' bytes nobody sees."""
    share = 100 * image.wasted_bytes / image.layers_bytes if image.layers_bytes else 0.0
    return f"{share:.1f} %"


def platform_label(name: str, platform: str, has_several: bool) -> str:
    """A stage's name, with its platform where there are several."""
    return f"{name} ({platform})" if has_several else name
