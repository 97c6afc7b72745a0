"""Owns `--check` and `--call`: questions about a Dockerfile that are answered instead of building it.

The methods and the forms of their answers are those of docker buildx. It refuses to render: `render_checks` does.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from lithify.cli.guard import DONE, FAILED, show_error, status_of
from lithify.errors import UsageError, closest

if TYPE_CHECKING:
    from lithify.cli.door import Door
    from lithify.requests import BuildRequest

METHODS = ("check", "outline", "targets")
FORMATS = ("text", "json")


class Call(NamedTuple):
    """A question: its method, the form of the answer, and whether findings leave the exit status alone."""

    method: str
    format: str = "text"
    ignores_status: bool = False


def answer(text: str, request: BuildRequest, door: Door, *, is_check: bool) -> int:
    """Answer `--call=text` or `--check` on standard output; returns the exit status."""
    call = _call(text, is_check=is_check)
    stdin = sys.stdin.buffer if "-" in (request.context, request.dockerfile) else None
    with door.engine() as engine:
        if call.method == "check":
            from lithify.cli import render_checks

            checked = engine.check(request, stdin=stdin)
            if call.format == "json":
                sys.stdout.write(render_checks.check_json(checked))
            else:
                sys.stdout.write(render_checks.check_text(checked))
            status = FAILED if checked.findings else DONE
            if checked.error is not None:
                is_shown = call.format == "json"
                status = status_of(checked.error) if is_shown else show_error(checked.error)
            return DONE if call.ignores_status else status
        from lithify.cli import render_outline

        if call.method == "outline":
            outline = engine.outline(request, stdin=stdin)
            render = (
                render_outline.outline_json
                if call.format == "json"
                else render_outline.outline_text
            )
            sys.stdout.write(render(outline))
        else:
            targets = engine.targets(request, stdin=stdin)
            show = (
                render_outline.targets_json
                if call.format == "json"
                else render_outline.targets_text
            )
            sys.stdout.write(show(targets))
    return DONE


def _call(text: str, *, is_check: bool) -> Call:
    """Read `METHOD[,format=text|json][,ignorestatus]`. Raises UsageError."""
    method, *options = text.split(",")
    if is_check:
        if method not in ("build", "check"):
            raise UsageError(f"--check and --call={method} ask for different things")
        method = "check"
    if method not in METHODS:
        near = closest(method, METHODS)
        suggestion = f" (did you mean {near}?)" if near else ""
        hint = f"the methods are build, {', '.join(METHODS)}"
        raise UsageError(f"--call: unknown method {method!r}{suggestion}", hint=hint)
    call = Call(method)
    for option in options:
        name, _, value = option.partition("=")
        if name == "format" and value in FORMATS:
            call = call._replace(format=value)
        elif name == "ignorestatus" and value in ("", "true", "false"):
            call = call._replace(ignores_status=value != "false")
        else:
            hint = "the options are format=text, format=json and ignorestatus=true"
            raise UsageError(f"--call: invalid option {option!r}", hint=hint)
    return call
