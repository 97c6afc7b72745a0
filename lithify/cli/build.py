"""Owns `lithify build`: flags to a request, events to a face, the result to files and standard output.

It exists to keep the order of things right: everything is validated before the engine starts, and files that name the
result are written only when there is one. It refuses to decide anything about the build.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from lithify.cli import values
from lithify.cli.build_flags import (
    add_build_flags,
    add_call_flags,
    add_source_flags,
    spelled_out,
)
from lithify.cli.build_request import build_request
from lithify.cli.guard import DONE, status_of
from lithify.cli.parser import CommandParser, command_parser, parse
from lithify.cli.render import open_face
from lithify.errors import LithifyError, UsageError

if TYPE_CHECKING:
    from lithify.cli.door import Door
    from lithify.requests import BuildRequest, BuildResult

#: The variable that says how large the store may be after a build.
STORE_LIMIT = "LITHIFY_STORE_LIMIT"


def parser() -> CommandParser:
    """The parser of `build`."""
    made = command_parser("build", "Build an image from a Dockerfile.")
    add_source_flags(made)
    add_build_flags(made)
    add_call_flags(made)
    return made


def run(arguments: list[str], door: Door) -> int:
    """Build; returns the exit status."""
    flags = parse(parser(), spelled_out(arguments), door)
    request = build_request(flags, door.environ)
    if flags.check or flags.call != "build":
        from lithify.cli.check import answer

        return answer(flags.call, request, door, is_check=flags.check)
    _check_standard_output(request)
    limit = door.environ.get(STORE_LIMIT, "")
    most_bytes = values.size_bytes(STORE_LIMIT, limit) if limit else 0
    if flags.iidfile:
        _remove_stale(flags.iidfile)
    progress = "quiet" if flags.quiet else flags.progress
    reads_stdin = "-" in (request.context, request.dockerfile)
    writes_stdout = any(output.dest == "-" for output in request.outputs)
    with open_face(progress, sys.stderr, door.environ, explain=flags.explain) as face:
        try:
            with door.engine() as engine, door.building(engine):
                result = engine.build(
                    request,
                    face.show,
                    stdin=sys.stdin.buffer if reads_stdin else None,
                    stdout=sys.stdout.buffer if writes_stdout else None,
                )
                if most_bytes:
                    engine.upkeep().bound(most_bytes)
        except LithifyError as error:
            if face.failed(error):
                return status_of(error)
            raise
        _write_results(result, iidfile=flags.iidfile, metadata_file=flags.metadata_file)
        face.finished(result)
    if flags.quiet:
        sys.stdout.write(result.digest + "\n")
    return DONE


def _check_standard_output(request: BuildRequest) -> None:
    if any(output.dest == "-" for output in request.outputs) and sys.stdout.isatty():
        raise UsageError("refusing to write an archive to the terminal", hint="redirect it: > FILE")


def _remove_stale(path: str) -> None:
    """A failed build must not leave the digest of an earlier one behind."""
    if os.path.isfile(path):
        os.unlink(path)


def _write_results(result: BuildResult, *, iidfile: str, metadata_file: str) -> None:
    if iidfile:
        write_whole(iidfile, result.digest)
    if metadata_file:
        import json

        write_whole(metadata_file, json.dumps(result.metadata(), indent=2) + "\n")


def write_whole(path: str, text: str) -> None:
    """Write a file so that it is seen whole or not at all; devices and pipes are written to."""
    if os.path.exists(path) and not os.path.isfile(path):
        with open(path, "w", encoding="utf-8") as device:
            device.write(text)
        return
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise LithifyError(f"cannot write {path}: {error.strerror}") from error
