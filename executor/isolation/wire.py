"""Owns the messages between the main process and the zygote: one packet, perhaps with descriptors.

Payloads are marshalled plain values: both ends run the same interpreter and trust each other, and
marshal is built in where json would double the zygote's start-up. Large payloads travel in a memfd,
because a packet is bounded by the socket's buffer. It refuses to know what the messages mean.
"""

from __future__ import annotations

import array
import marshal
import os
from _socket import MSG_CMSG_CLOEXEC, MSG_NOSIGNAL, SCM_RIGHTS, SOL_SOCKET, socket
from typing import Any

#: Descriptors the kernel lets travel in one message.
MAX_FDS = 253
_INLINE_BYTES = 48 * 1024
_PACKET_BYTES = 64 * 1024


def send(sock: socket, message: dict[str, Any], fds: list[int] | None = None) -> None:
    """Send a message of plain values with copies of descriptors. Raises OSError."""
    payload = marshal.dumps(message)
    descriptors = list(fds or ())
    if len(payload) <= _INLINE_BYTES:
        _send_packet(sock, b"i" + payload, descriptors)
        return
    memfd = os.memfd_create("lithify", os.MFD_CLOEXEC)
    try:
        with open(memfd, "wb", closefd=False) as file:
            file.write(payload)
        _send_packet(sock, b"m", [*descriptors, memfd])
    finally:
        os.close(memfd)


def receive(sock: socket) -> tuple[dict[str, Any], list[int]] | None:
    """The next message with its descriptors, which are the caller's; None at the end."""
    space = MAX_FDS * array.array("i").itemsize
    try:
        packet, ancillary, _, _ = sock.recvmsg(_PACKET_BYTES, space + 64, MSG_CMSG_CLOEXEC)
    except ConnectionResetError:
        return None
    fds = array.array("i")
    for level, kind, data in ancillary:
        if level == SOL_SOCKET and kind == SCM_RIGHTS:
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    if not packet:
        return None
    descriptors = fds.tolist()
    if packet[:1] == b"i":
        return marshal.loads(packet[1:]), descriptors
    with open(descriptors.pop(), "rb") as file:
        file.seek(0)
        return marshal.loads(file.read()), descriptors


def _send_packet(sock: socket, packet: bytes, fds: list[int]) -> None:
    rights = [(SOL_SOCKET, SCM_RIGHTS, array.array("i", fds))] if fds else []
    sock.sendmsg([packet], rights, MSG_NOSIGNAL)
