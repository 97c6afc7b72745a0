"""Owns the running of the machine's package tools: fixed argument lists, a closed environment, a time limit.

It exists so that no recipe meets a shell, an inherited variable, an endless wait or an orphan: whatever ends the
wait ends the tool and everything it started. It refuses to interpret output.
"""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

from lithify.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
    "HOME": "/",
}
_TAIL_LINES = 8


class ToolMissing(BuildError):
    """A program of the machine that a recipe needs is not installed."""


def run_tool(
    argv: Sequence[str],
    *,
    cwd: Path,
    timeout_s: float,
    environment: Mapping[str, str] | None = None,
    hint: str = "",
) -> bytes:
    """Standard output of a program of the machine; `environment` is added to a closed one.

    Raises ToolMissing, and BuildError with the end of its messages when it fails or takes too long."""
    try:
        process = subprocess.Popen(
            list(argv),
            cwd=cwd,
            env={**_ENVIRONMENT, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise ToolMissing(f"{argv[0]} is not installed on this machine", hint=hint) from error
    except OSError as error:
        raise BuildError(f"{argv[0]} cannot be started: {error.strerror}", hint=hint) from error
    with process:
        try:
            output, messages = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired as error:
            _end(process)
            text = f"{argv[0]} did not end within {timeout_s:.0f} s"
            raise BuildError(text, hint=hint) from error
        except BaseException:
            _end(process)
            raise
    if process.returncode != 0:
        raise BuildError(_failure(argv[0], process.returncode, messages), hint=hint)
    return output


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def _failure(name: str, status: int, messages: bytes) -> str:
    tail = messages.decode("utf-8", "replace").strip().splitlines()[-_TAIL_LINES:]
    return "\n".join([f"{name} ended with status {status}", *(f"  {line}" for line in tail)])
