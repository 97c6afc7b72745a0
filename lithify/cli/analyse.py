"""Owns `lithify analyse`: a report on a Dockerfile or an image, on the terminal, as JSON, and as one HTML file.

It takes the flags of `build` that can change the plan. It refuses to build, and to fetch anything but a context that is
elsewhere.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING

from lithify.cli.build_flags import add_source_flags
from lithify.cli.build_request import plan_request
from lithify.cli.guard import DONE
from lithify.cli.parser import command_parser, parse
from lithify.errors import ImageNotFound, StoreError, UsageError
from lithify.requests import AnalysisRequest

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    from lithify.analysing.model import Analysis
    from lithify.cli.door import Door

#: What means something for an image as well; all other flags are about Dockerfiles.
_FOR_IMAGES = frozenset(("context", "platform", "html", "json", "root", "isolation", "debug"))


def run(arguments: list[str], door: Door) -> int:
    """Make the report and show it."""
    made = command_parser("analyse", "Show what a build is made of, and what makes it rerun.")
    add = made.add_argument
    add("--html", metavar="FILE", default="", help="write the report as one HTML file; - is stdout")
    add("--json", action="store_true", help="everything that was found, as JSON")
    add(
        "--if-changed",
        metavar="PATH|ARG=NAME",
        action="append",
        default=[],
        help="say what reruns if this file, pattern of files or argument changes",
    )
    add_source_flags(made, "PATH|FILE|IMAGE", "a build context, a Dockerfile, or an image")
    flags = parse(made, arguments, door)
    if "-" in (flags.context, flags.file):
        raise UsageError("standard input cannot be analysed", hint="write it to a file")
    if flags.json and flags.html == "-":
        raise UsageError("--json and --html=- both go to standard output")
    request = _request(flags, made.get_default, door)
    with door.engine() as engine:
        try:
            analysis = engine.analyse(request)
        except ImageNotFound as error:
            if request.build is None and error.message.endswith(f": {request.image}"):
                error.hint = "there is no file or directory of that name either"
            raise
    _show(analysis, flags)
    return DONE


def _request(flags: Namespace, default: Callable[[str], object], door: Door) -> AnalysisRequest:
    """What is meant by the word: a directory or an address, a file, else an image. Raises UsageError."""
    word, questions = flags.context, tuple(flags.if_changed)
    if os.path.isfile(word):
        if flags.file:
            raise UsageError(f"--file and {word!r} both name a Dockerfile")
        flags.file, flags.context = word, os.path.dirname(word) or os.curdir
        build = plan_request(flags, door.environ)
        return AnalysisRequest(build, is_context_assumed=True, if_changed=questions)
    from lithify.contexts import remote_source

    if os.path.isdir(word) or remote_source(word) is not None:
        return AnalysisRequest(plan_request(flags, door.environ), if_changed=questions)
    for name, value in vars(flags).items():
        if name not in _FOR_IMAGES and value != default(name):
            flag = f"--{name.replace('_', '-')}"
            hint = f"there is no file or directory {word!r}, so it is taken for an image"
            raise UsageError(f"{flag} means nothing for an image", hint=hint)
    platforms = plan_request(flags, door.environ).platforms
    return AnalysisRequest(image=word, platforms=platforms)


def _show(analysis: Analysis, flags: Namespace) -> None:
    if flags.html:
        from lithify.cli.analysis_html import render_html

        text = render_html(analysis, time.time())
        if flags.html == "-":
            sys.stdout.write(text)
            return
        _write(flags.html, text)
    if flags.json:
        document = json.dumps(analysis.to_json(), indent=2, ensure_ascii=True)
        sys.stdout.write(document + "\n")
        return
    from lithify.cli.analysis_text import render_text

    sys.stdout.write(render_text(analysis, time.time()))
    if flags.html:
        sys.stdout.write(f"\nthe same with the graph: {flags.html}\n")


def _write(path: str, text: str) -> None:
    """Write the page. Raises StoreError."""
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from error
