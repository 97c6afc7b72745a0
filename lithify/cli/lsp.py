"""Owns `lithify lsp`: the language server for editors, on standard input and output or on a socket.

pygls is an extra, for builds do not need it; without it the command says how to get it. It refuses to write anything but
the protocol to standard output.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

from lithify.cli.guard import DONE
from lithify.cli.parser import command_parser, parse
from lithify.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pygls.lsp.server import LanguageServer

    from lithify.cli.door import Door

_ALLOW_CUSTOM = "LITHIFY_ALLOW_CUSTOM_RULES"
_MOST_PORT = 65535


def run(arguments: Sequence[str], door: Door) -> int:
    """Serve one editor until it says goodbye."""
    made = command_parser("lsp", "Serve editors: the language server protocol.")
    made.add_argument("--stdio", action="store_true", help="on standard input and output (default)")
    made.add_argument("--tcp", metavar="HOST:PORT", default="", help="wait for an editor there")
    made.add_argument(
        "--allow-custom-rules", action="store_true", help="load the rule files that settings name"
    )
    flags = parse(made, arguments, door)
    if flags.stdio and flags.tcp:
        raise UsageError("--stdio and --tcp: an editor is served on one of them")
    place = _place(flags.tcp) if flags.tcp else None
    if find_spec("pygls") is None:
        raise ConfigurationError(
            "the language server needs pygls, which is not installed",
            hint="pip install 'lithify[lsp]'",
        )
    from lithify.lsp.project import ServerOptions
    from lithify.lsp.server import make_server

    allowed = flags.allow_custom_rules or door.environ.get(_ALLOW_CUSTOM) == "1"
    server = make_server(ServerOptions(door.environ, door.store_root(), allowed))
    if place is None:
        _serve_pipes(server)
    else:
        try:
            server.start_tcp(*place)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise ConfigurationError(f"--tcp {flags.tcp}: {reason}") from error
    return DONE


def _serve_pipes(server: LanguageServer) -> None:
    """Serve on copies of standard input and output, for the server closes what it is given."""
    with (
        os.fdopen(os.dup(sys.stdin.fileno()), "rb") as requests,
        os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers,
    ):
        server.start_io(requests, answers)


def _place(text: str) -> tuple[str, int]:
    """A host and a port. Raises UsageError."""
    host, colon, port = text.rpartition(":")
    if not colon or not (port.isascii() and port.isdigit()) or int(port) > _MOST_PORT:
        raise UsageError(f"--tcp: {text!r} is not HOST:PORT")
    return host.strip("[]") or "127.0.0.1", int(port)
