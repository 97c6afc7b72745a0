"""Owns SSH forwarding: a socket inside the sandbox that leads to an agent of the client.

The agent's own socket belongs to the user; what the sandbox sees is a socket made for one step with the owner and
mode the mount asks for, and every connection to it is passed on. It refuses to read what passes.
"""

from __future__ import annotations

import os
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lithify.compiler.plan import SshMount

_PIECE_BYTES = 64 * 1024


@contextmanager
def forwarded_agent(agent: Path, directory: Path, name: str, mount: SshMount) -> Iterator[Path]:
    """A socket in `directory` that forwards to `agent` while the block runs."""
    path = directory / name
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(os.fspath(path))
        os.chown(path, mount.uid, mount.gid)
        os.chmod(path, mount.mode)
        listener.listen(16)
        threading.Thread(target=_accept, args=(listener, agent), daemon=True).start()
        try:
            yield path
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            path.unlink(missing_ok=True)


def _accept(listener: socket.socket, agent: Path) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(client, agent), daemon=True).start()


def _serve(client: socket.socket, agent: Path) -> None:
    with client, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        try:
            server.connect(os.fspath(agent))
        except OSError:
            return
        back = threading.Thread(target=_pump, args=(server, client), daemon=True)
        back.start()
        _pump(client, server)
        back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(_PIECE_BYTES):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
