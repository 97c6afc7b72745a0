"""Owns the meeting of two terminals: the user's own and that of a sandboxed process.

The user's terminal is raw while they meet, so that Ctrl-C, Ctrl-D and every key reach the process as typed; sizes
follow. It refuses to interpret anything that passes.
"""

from __future__ import annotations

import fcntl
import os
import selectors
import signal
import struct
import termios
import threading
import tty
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PIECE_BYTES = 16 * 1024


def terminal_size(fd: int) -> tuple[int, int]:
    """Rows and columns of a terminal; 24 by 80 for anything else."""
    try:
        rows, columns, _, _ = struct.unpack("HHHH", fcntl.ioctl(fd, termios.TIOCGWINSZ, b"\0" * 8))
    except OSError:
        return 24, 80
    return rows or 24, columns or 80


@contextmanager
def raw_terminal(fd: int) -> Iterator[None]:
    """Raw mode while the block runs, if `fd` is a terminal."""
    if not os.isatty(fd):
        yield
        return
    saved = termios.tcgetattr(fd)
    try:
        tty.setraw(fd)
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, saved)


@contextmanager
def following_size(fd: int, resize: Callable[[int, int], None]) -> Iterator[None]:
    """Call `resize(rows, columns)` whenever the terminal changes; only from the main thread."""
    if threading.current_thread() is not threading.main_thread() or not os.isatty(fd):
        yield
        return
    previous = signal.signal(signal.SIGWINCH, lambda *_: resize(*terminal_size(fd)))
    try:
        yield
    finally:
        signal.signal(signal.SIGWINCH, previous)


def pump(master: int, stdin: int | None, stdout: int) -> None:
    """Pass bytes both ways until the process's side of the pty is closed by everyone."""
    with selectors.DefaultSelector() as selector:
        selector.register(master, selectors.EVENT_READ)
        if stdin is not None:
            selector.register(stdin, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fd == master:
                    data = _read(master)
                    if not data:
                        return
                    _write_all(stdout, data)
                elif typed := _read(key.fd):
                    _write_all(master, typed)
                else:
                    selector.unregister(key.fd)
                    _write_all(master, b"\x04")


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, _PIECE_BYTES)
    except OSError:  # EIO: nobody holds the other side of the pty any more
        return b""


def _write_all(fd: int, data: bytes) -> None:
    with suppress(OSError):
        while data:
            data = data[os.write(fd, data) :]
