"""Owns what happens when a command does not simply end: errors, interruptions, closed pipes, bugs.

It is the only place that catches broadly. A bug is never dressed as the user's mistake, nor the other way round. It
refuses to show a traceback unless `--debug` asks for it.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from typing import TYPE_CHECKING

from lithify.cli.text import clean
from lithify.errors import Cancelled, LithifyError, StoreError, UsageError, render_error

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

    from lithify.cli.door import Door

    _Handler = Callable[[int, FrameType | None], object] | int | None

DONE, FAILED, MISUSED, BUG, INTERRUPTED = 0, 1, 2, 70, 130

#: Conditions of the machine, neither the user's input nor our bug: errno -> what to do.
_CONDITIONS = {
    errno.ENOSPC: "free some space, or choose another store with --root",
    errno.EDQUOT: "the disk quota is used up; free some space, or choose another --root",
    errno.EROFS: "the file system is read-only; choose another store with --root",
    errno.EACCES: "check the permissions, or choose another store with --root",
    errno.EPERM: "this needs a right that the user running lithify does not have",
    errno.EMFILE: "raise the limit of open files (ulimit -n), or use fewer jobs (-j)",
    errno.ENFILE: "the machine has too many open files",
    errno.ENOMEM: "the machine is out of memory; use fewer jobs (-j)",
}


def guarded(work: Callable[[], int], door: Door, arguments: Sequence[str]) -> int:
    """Run a command under the rules of exit statuses; never raises."""
    _never_fail_to_encode()
    previous = _install_signals(door)
    try:
        status = _status(work)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError as error:
        return _broken_pipe(error, door, arguments)
    except LithifyError as error:
        return show_error(error)
    except OSError as error:
        if error.errno in _CONDITIONS:
            return show_error(_condition(error))
        return _bug(error, door, arguments)
    except MemoryError:
        return show_error(StoreError("out of memory", hint=_CONDITIONS[errno.ENOMEM]))
    except Exception as error:  # noqa: BLE001 - the last resort: a bug is reported, not thrown
        return _bug(error, door, arguments)
    finally:
        for number, handler in previous:
            signal.signal(number, handler)


def _status(work: Callable[[], int]) -> int:
    try:
        return work()
    except SystemExit as end:  # argparse ends so after --help
        return end.code if isinstance(end.code, int) else DONE


def status_of(error: LithifyError) -> int:
    """The exit status that an error of the user's side asks for."""
    if isinstance(error, Cancelled):
        return INTERRUPTED
    return MISUSED if isinstance(error, UsageError) else FAILED


def show_error(error: LithifyError) -> int:
    """Show an error in the one shape, coloured on a terminal; returns its exit status."""
    text = clean(render_error(error))
    if sys.stderr.isatty() and not os.environ.get("NO_COLOR"):
        text = _coloured(text)
    sys.stderr.write(text + "\n")
    return status_of(error)


def _coloured(text: str) -> str:
    import re

    text = re.sub(r"^error:", "\x1b[1;31merror:\x1b[0m", text, flags=re.MULTILINE)
    text = re.sub(r"^( *)-->", "\\1\x1b[1;34m-->\x1b[0m", text, flags=re.MULTILINE)
    text = re.sub(r"^( +\| *)(\^+)$", "\\1\x1b[1;31m\\2\x1b[0m", text, flags=re.MULTILINE)
    return re.sub(r"^( += help:)", "\x1b[36m\\1\x1b[0m", text, flags=re.MULTILINE)


def _condition(error: OSError) -> LithifyError:
    what = (error.strerror or str(error)).lower()
    place = f": {error.filename}" if error.filename else ""
    return StoreError(f"{what}{place}", hint=_CONDITIONS[error.errno or 0])


def _never_fail_to_encode() -> None:
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _install_signals(door: Door) -> list[tuple[int, _Handler]]:
    """Returns what to restore. An ignored signal (nohup, a shell's background) stays ignored."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        if not door.cancel():
            raise KeyboardInterrupt

    previous: list[tuple[int, _Handler]] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        handler = signal.getsignal(number)
        if handler in (None, signal.SIG_IGN):
            continue
        try:
            signal.signal(number, interrupt)
        except ValueError:  # not the main thread: signals belong to whoever called us
            return previous
        previous.append((number, handler))
    return previous


def _interrupted() -> int:
    try:
        sys.stderr.write("error: interrupted\n")
    except OSError:
        pass
    return INTERRUPTED


def _broken_pipe(error: BrokenPipeError, door: Door, arguments: Sequence[str]) -> int:
    """A reader that went away (`| head`) is no news; any other broken pipe is a bug."""
    import select

    poll = select.poll()
    for descriptor in (1, 2):
        poll.register(descriptor, 0)
    gone = [descriptor for descriptor, state in poll.poll(0) if state & select.POLLERR]
    if not gone:
        return _bug(error, door, arguments)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in gone:  # what is still buffered must have somewhere to go at exit
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
    return FAILED


def _bug(error: Exception, door: Door, arguments: Sequence[str]) -> int:
    import platform
    import traceback

    import lithify

    if door.debug:
        traceback.print_exception(error, file=sys.stderr)
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else "?"
    kernel = f"{platform.system()} {platform.release()} {platform.machine()}"
    lines = [
        f"error: this is a bug in lithify: {type(error).__name__} at {place}",
        "   = please report it with these lines:",
        f"   | lithify {lithify.__version__}, Python {platform.python_version()}, {kernel}",
        f"   | command: lithify {_without_values(arguments)}",
    ]
    if isinstance(error, OSError) and error.strerror:
        lines.insert(3, f"   | {clean(str(error))}")
    if not door.debug:
        lines.append("   = help: run it again with --debug before the command for a traceback")
    sys.stderr.write("\n".join(lines) + "\n")
    return BUG


def _without_values(arguments: Sequence[str]) -> str:
    """The command line as it may be published: the command and names of flags only."""
    from lithify.cli.main import COMMANDS

    shown = []
    for word in arguments:
        if word in COMMANDS or word.startswith("--"):
            shown.append(word.partition("=")[0])
        elif word.startswith("-") and word != "-":
            shown.append(word[:2])
    return clean(" ".join(shown))
