"""Owns the starting of companion processes, which work for the main process over a socket.

They are spawned (never forked), hold no descriptor of ours but their socket, and end when the socket
closes. It refuses to know what they do.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path

from lithify.errors import SandboxError

_PROGRAM = Path(__file__).with_name("program.py")
_CONTROL_FD = 3


def spawn(module: str, *folders: str) -> tuple[socket.socket, int]:
    """Start `main` of a module of this package: (its socket, its pid). Raises SandboxError.

    The socket is closed, and the pid waited for, by the caller."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    argv = [sys.executable, "-I", "-S", str(_PROGRAM), module, str(_CONTROL_FD), *folders]
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDWR, 0),
        (os.POSIX_SPAWN_DUP2, 0, 1),
        (os.POSIX_SPAWN_DUP2, theirs.fileno(), _CONTROL_FD),
    ]
    with theirs:
        try:
            pid = os.posix_spawn(
                sys.executable,
                argv,
                {"LC_ALL": "C.UTF-8"},
                file_actions=actions,
                setsigmask=(),
                setsigdef=(signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGCHLD),
            )
        except OSError as error:
            ours.close()
            raise SandboxError(f"start {sys.executable!r}: {error.strerror}") from error
    return ours, pid
