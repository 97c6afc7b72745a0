"""Owns `lithify run`: a command in a container made from an image, its exit status passed through.

Flags end at the image, as docker's do; what follows belongs to the command. It refuses what has no use while containers
do not outlive their command: names, ports, detaching.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lithify.cli import values
from lithify.cli.build_flags import NETWORKS
from lithify.cli.parser import CommandParser, command_parser, parse
from lithify.errors import UsageError
from lithify.requests import RunRequest

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping

    from lithify.cli.door import Door


def parser() -> CommandParser:
    """The parser of `run`."""
    made = command_parser(
        "run",
        "Run a command in a container made from an image. The container is always removed at the"
        " end.",
        usage="[OPTIONS] IMAGE [COMMAND ARGUMENT...]",
    )
    add = made.add_argument
    add("-i", "--interactive", action="store_true", help="pass standard input on")
    add("-t", "--tty", action="store_true", help="give the command a terminal")
    add("--rm", action="store_true", help="remove the container at the end (always so)")
    add("-e", "--env", action="append", default=[], metavar="K[=V]", help="set a variable")
    add("-w", "--workdir", default="", metavar="DIR", help="where the command starts")
    add("-u", "--user", default="", metavar="USER[:GROUP]", help="whom the command runs as")
    add("-v", "--volume", action="append", default=[], metavar="SRC:DST[:ro]", help="a bind mount")
    add("--entrypoint", metavar="PROGRAM", help="in place of the image's; '' for none")
    add("--network", choices=NETWORKS, default="default", help="its network")
    add("--hostname", default="", metavar="NAME", help="its host name")
    add("image", metavar="IMAGE")
    add("command", metavar="COMMAND", nargs="...", help="in place of the image's")
    return made


def run(arguments: list[str], door: Door) -> int:
    """Run, and return the command's exit status."""
    request = run_request(parse(parser(), arguments, door, remainder=True), door.environ)
    if request.tty and not os.isatty(0):
        raise UsageError("-t needs a terminal, and standard input is none", hint="leave out -t")
    with door.engine() as engine:
        return engine.run(request, stdin=0, stdout=1, stderr=2)


def run_request(flags: Namespace, environ: Mapping[str, str]) -> RunRequest:
    """The request of `run`, every value validated."""
    entrypoint = None
    if flags.entrypoint is not None:
        entrypoint = (flags.entrypoint,) if flags.entrypoint else ()
    return RunRequest(
        image=flags.image,
        command=tuple(flags.command) or None,
        entrypoint=entrypoint,
        env=values.from_environment("--env", flags.env, environ),
        workdir=flags.workdir,
        user=flags.user,
        volumes=tuple(_volume(text) for text in flags.volume),
        hostname=values.host_name("--hostname", flags.hostname) if flags.hostname else "",
        network=flags.network,
        interactive=flags.interactive,
        tty=flags.tty,
        remove=True,
    )


def _volume(text: str) -> tuple[str, str, bool]:
    """`SRC:DST[:ro|rw]`, or `DST` for a directory that lives as long as the container."""
    source, colon, rest = text.partition(":")
    if not colon:
        source, rest = "", text
    destination, colon, mode = rest.partition(":")
    if not destination.startswith("/") or (colon and mode not in ("ro", "rw")):
        raise UsageError(f"--volume: {text!r} is not of the form SRC:DST[:ro]")
    if source and not source.startswith(("/", ".")):
        hint = f"for a directory of the host write ./{source}"
        raise UsageError("--volume: named volumes are not available in this version", hint=hint)
    return os.path.abspath(source) if source else "", destination, mode == "ro"
