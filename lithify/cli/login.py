"""Owns `lithify login`: credentials for a registry, checked and kept where docker keeps them.

A password comes from standard input or a prompt that does not show it; on the command line everybody could read it, so
that earns a warning. It refuses to keep what the registry does not accept.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from lithify.cli.guard import DONE
from lithify.cli.parser import command_parser, parse
from lithify.errors import Secret, UsageError

if TYPE_CHECKING:
    from argparse import Namespace

    from lithify.cli.door import Door

_MOST_CHARACTERS = 64 * 1024


def run(arguments: list[str], door: Door) -> int:
    """Log in, and say where the credentials are."""
    made = command_parser("login", "Log in to a registry (default: Docker Hub).")
    add = made.add_argument
    add("registry", metavar="SERVER", nargs="?", default="")
    add("-u", "--username", metavar="USER", default="")
    add("-p", "--password", metavar="PASSWORD", help="visible to others; rather use the next one")
    add("--password-stdin", action="store_true", help="read the password from standard input")
    flags = parse(made, arguments, door)
    if flags.password is not None and flags.password_stdin:
        raise UsageError("--password and --password-stdin are mutually exclusive")
    if flags.password_stdin and not flags.username:
        raise UsageError("must provide --username with --password-stdin")
    if flags.password is not None:
        sys.stderr.write("note: --password is insecure: use --password-stdin\n")
    with door.engine() as engine:
        place = engine.login(flags.registry, lambda known: _credentials(flags, known))
    if place:
        sys.stderr.write(
            f"note: the password is stored unencrypted in {place}; a credential helper avoids that\n"
        )
    sys.stdout.write("Login Succeeded\n")
    return DONE


def _credentials(flags: Namespace, known: str) -> tuple[str, Secret]:
    user = flags.username or _asked_user(known)
    if flags.password_stdin:
        return user, Secret(sys.stdin.read(_MOST_CHARACTERS).rstrip("\r\n"))
    if flags.password is not None:
        return user, Secret(flags.password)
    from getpass import getpass

    _need_terminal()
    password = getpass("Password: ")
    if not password:
        raise UsageError("a password is needed")
    return user, Secret(password)


def _asked_user(known: str) -> str:
    _need_terminal()
    sys.stderr.write(f"Username ({known}): " if known else "Username: ")
    sys.stderr.flush()
    user = sys.stdin.readline().strip() or known
    if not user:
        raise UsageError("a user name is needed")
    return user


def _need_terminal() -> None:
    if not sys.stdin.isatty():
        raise UsageError(
            "cannot ask for credentials: standard input is not a terminal",
            hint="lithify login -u USER --password-stdin SERVER < FILE",
        )
