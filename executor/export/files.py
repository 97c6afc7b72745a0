"""Owns the writing of export files: whole or not at all.

A reader never sees half an archive, and a failed export leaves the earlier one. It refuses to
create the directory that should hold the file: a mistyped path must not look like success.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, BinaryIO, cast

from lithify.errors import StoreError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.executor.export.ports import ExportRequest


@contextmanager
def output_file(request: ExportRequest) -> Iterator[BinaryIO]:
    """Where an archive goes: standard output, or a file that appears when the block ends well.

    Raises UsageError for a destination that can't be, StoreError when writing fails."""
    if request.dest in ("", "-"):
        if request.stdout is None:
            raise UsageError(
                "this output needs a destination", hint="add dest=FILE, or dest=- to stream"
            )
        with export_errors("standard output"):
            yield request.stdout
            request.stdout.flush()
        return
    dest = Path(request.dest)
    if dest.is_dir():
        raise UsageError(f"destination {dest} is a directory", hint="name a file: dest=FILE")
    if not dest.parent.is_dir():
        raise UsageError(
            f"destination directory {dest.parent} does not exist", hint="create it first"
        )
    with export_errors(str(dest)):
        if dest.exists() and not stat.S_ISREG(dest.stat().st_mode):
            with dest.open("wb") as device:
                yield device
        else:
            with replaced_file(dest) as file:
                yield file


@contextmanager
def replaced_file(path: Path) -> Iterator[BinaryIO]:
    """A file that takes its name when the block ends without an error; readable as the umask
    says."""
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            os.fchmod(file.fileno(), 0o666 & ~_umask())
            yield cast("BinaryIO", file)
            file.flush()
            os.fsync(file.fileno())
            os.replace(file.name, path)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(file.name)
            raise


@contextmanager
def export_errors(place: str) -> Iterator[None]:
    """Turn an OSError of the block into a StoreError that names the destination."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"writing {place}: {error.strerror or error}") from error


def _umask() -> int:
    """Read without changing it, which other threads would notice."""
    with open("/proc/self/status", "rb") as status:
        for line in status:
            if line.startswith(b"Umask:"):
                return int(line.split()[1], 8)
    return 0o022
