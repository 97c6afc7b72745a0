"""Owns the entry point: finds the command, runs it, turns what it raised into an exit status.

Commands are imported on use and the version is answered before anything is loaded, because start-up is a feature.
Exit statuses: 0 done, 1 the input is wrong or a step failed, 2 wrong use, 70 a bug of lithify, 130 interrupted.
It refuses to know any command's arguments.
"""

from __future__ import annotations

import os
import sys

from lithify.cli.door import ISOLATIONS, Door

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from lithify.cli.door import OpenEngine

#: Command -> (module with `run(arguments, door) -> int`, what it does).
COMMANDS: dict[str, tuple[str, str]] = {
    "build": ("lithify.cli.build", "Build an image from a Dockerfile"),
    "lint": ("lithify.cli.lint", "Check Dockerfiles, and repair them"),
    "fmt": ("lithify.cli.fmt", "Format Dockerfiles without changing what they build"),
    "lsp": ("lithify.cli.lsp", "Serve editors (language server protocol)"),
    "plan": ("lithify.cli.plan", "Show what a build would do, without doing it"),
    "analyse": ("lithify.cli.analyse", "Show what a build is made of and what makes it rerun"),
    "run": ("lithify.cli.run", "Run a command in a container made from an image"),
    "images": ("lithify.cli.images", "List images of the store"),
    "history": ("lithify.cli.history", "Show how an image was made"),
    "inspect": ("lithify.cli.inspect", "Show an image's details as JSON"),
    "sbom": ("lithify.cli.sbom", "List the packages in an image"),
    "provenance": ("lithify.cli.provenance", "Show how an image was built"),
    "diff": ("lithify.cli.diff", "Compare two images, file by file"),
    "prove": ("lithify.cli.prove", "Build twice in different surroundings, compare, explain"),
    "tag": ("lithify.cli.tag", "Give an image another name"),
    "rmi": ("lithify.cli.rmi", "Remove images from the store"),
    "load": ("lithify.cli.load", "Load images from an archive"),
    "save": ("lithify.cli.save", "Write images into an archive"),
    "export": ("lithify.cli.export", "Write an image's file system as a tar"),
    "import": ("lithify.cli.import_", "Make an image of a root file system in a tar"),
    "pull": ("lithify.cli.pull", "Fetch images from registries"),
    "push": ("lithify.cli.push", "Send images to registries"),
    "login": ("lithify.cli.login", "Log in to a registry"),
    "logout": ("lithify.cli.logout", "Log out from a registry"),
    "bootstrap": ("lithify.cli.bootstrap", "Make a base image without any registry"),
    "why": ("lithify.cli.why", "Say why steps of a build ran"),
    "du": ("lithify.cli.du", "Show what takes space in the store"),
    "prune": ("lithify.cli.prune", "Remove what no image needs from the store"),
    "debug": ("lithify.cli.debug", "Show how a Dockerfile is read"),
    "version": ("lithify.cli.version", "Show the version"),
}


def main(argv: Sequence[str] | None = None, *, open_engine: OpenEngine | None = None) -> int:
    """Run one command line (without the program's name) and return its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    door = Door(os.environ, open_engine=open_engine)
    if arguments in (["--version"], ["version"]):
        from lithify.cli.version import run

        return run([], door)
    from lithify.cli.guard import guarded

    return guarded(lambda: _dispatch(arguments, door), door, arguments)


def _dispatch(arguments: list[str], door: Door) -> int:
    from importlib import import_module

    words = _global_options(arguments, door)
    if words[:1] == ["--version"]:
        words[0] = "version"
    if not words or words[0] in ("-h", "--help", "help"):
        if len(words) > 1 and words[0] == "help":
            return _dispatch([words[1], "--help"], door)
        (sys.stdout if words else sys.stderr).write(_help())
        return 0 if words else 2
    if words[0] not in COMMANDS:
        raise _unknown(words[0])
    status: int = import_module(COMMANDS[words[0]][0]).run(words[1:], door)
    return status


def _global_options(arguments: list[str], door: Door) -> list[str]:
    """Consume options before the command; returns the command and what follows."""
    from lithify.errors import UsageError

    words = list(arguments)
    while words:
        name, equals, value = words[0].partition("=")
        if name == "--debug" and not equals:
            door.debug = True
        elif name in ("--root", "--isolation"):
            if not equals:
                if len(words) < 2:
                    raise UsageError(f"{name} needs a value")
                value = words.pop(1)
            if name == "--isolation" and value not in ISOLATIONS:
                raise UsageError(f"--isolation: {value!r} is none of {', '.join(ISOLATIONS)}")
            setattr(door, name[2:], value)
        else:
            break
        words.pop(0)
    return words


def _unknown(word: str) -> Exception:
    from lithify.errors import UsageError, closest

    kind = "flag" if word.startswith("-") else "command"
    near = closest(word, ("--root", "--isolation", "--debug", "--version", *COMMANDS))
    suggestion = f" (did you mean {near}?)" if near else ""
    return UsageError(f"unknown {kind}: {word}{suggestion}", hint="see `lithify --help`")


def _help() -> str:
    lines = [
        "usage: lithify [--root DIR] [--isolation MODE] [--debug] COMMAND [ARGUMENTS]",
        "",
        "Builds OCI images from Dockerfiles, reproducibly and without a daemon.",
        "",
        "commands:",
        *(f"  {name:<10}  {summary}" for name, (_, summary) in COMMANDS.items()),
        "",
        "global options:",
        "  --root DIR        where the store is (default: $LITHIFY_HOME, else per user)",
        f"  --isolation MODE  {', '.join(ISOLATIONS)}",
        "  --debug           show tracebacks of bugs",
        "  --version         show the version",
        "",
        "`lithify COMMAND --help` tells more about a command.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
