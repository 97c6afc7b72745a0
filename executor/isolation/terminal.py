"""Owns pseudo-terminals: allocation inside a devpts instance, size, and becoming the controlling one.

The pair comes from the container's own devpts, so that tty(1) and ttyname(3) work inside.
It refuses to copy bytes: the master goes to whoever asked for the terminal.
"""

from __future__ import annotations

import fcntl
import os
import struct

_TIOCSPTLCK = 0x40045431
_TIOCGPTN = 0x80045430
_TIOCSWINSZ = 0x5414
_TIOCSCTTY = 0x540E


def open_pty(pts_fd: int, rows: int, columns: int) -> tuple[int, int, str]:
    """(master, slave, name of the slave below the devpts) with an initial size. Raises OSError."""
    flags = os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC
    master = os.open("ptmx", flags, dir_fd=pts_fd)
    fcntl.ioctl(master, _TIOCSPTLCK, struct.pack("i", 0))
    (number,) = struct.unpack("I", fcntl.ioctl(master, _TIOCGPTN, struct.pack("I", 0)))
    slave = os.open(str(number), flags, dir_fd=pts_fd)
    resize(master, rows, columns)
    return master, slave, str(number)


def resize(master: int, rows: int, columns: int) -> None:
    """Set the size in character cells; the foreground process group gets SIGWINCH."""
    fcntl.ioctl(master, _TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def control(slave: int) -> None:
    """Make a terminal the controlling one of the calling session leader."""
    fcntl.ioctl(slave, _TIOCSCTTY, 0)
