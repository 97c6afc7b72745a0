"""Owns how languages install what a manifest lists: which command needs which files, and nothing else of the sources.

It exists for the rules about the order of COPY and RUN. It refuses commands that build or install the project itself,
because these do need its sources.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lithify.compiler.lint.insight.scripts import operands, program

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lithify.compiler.lint.insight.scripts import Step
    from lithify.compiler.shell.model import Command


class Manifest(NamedTuple):
    """A file that lists what to install, and files that go with it if they are there."""

    name: str
    companions: tuple[str, ...] = ()


_NODE = Manifest(
    "package.json",
    ("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", ".npmrc"),
)
_GO = Manifest("go.mod", ("go.sum",))
_RUBY = Manifest("Gemfile", ("Gemfile.lock",))
_PHP = Manifest("composer.json", ("composer.lock",))
_POETRY = Manifest("pyproject.toml", ("poetry.lock",))
_UV = Manifest("pyproject.toml", ("uv.lock",))
#: Commands that change nothing but where files are and who owns them.
_QUIET = frozenset((
    "mkdir", "set", "true", ":", "echo", "cd", "rm", "chmod", "chown", "ln", "groupadd", "useradd",
    "addgroup", "adduser", "usermod", "update-ca-certificates", "corepack",
))  # fmt: skip
_SYSTEM = frozenset(("apt-get", "apt", "apk", "yum", "dnf", "microdnf", "zypper", "apt-mark"))


def manifest_of(command: Command) -> Manifest | None:
    """The manifest whose contents a command installs; None if it needs more, or is something else."""
    words = [word.text for word in operands(command, frozenset(("--prefix", "-C", "--cwd")))]
    flags = {word.text for word in command.arguments}
    if {"--prefix", "-C", "--cwd", "--workspace", "-w"} & flags:
        return None
    match (program(command), *words):
        case ("npm", "install" | "ci" | "i") | ("yarn" | "pnpm", "install") | ("yarn",):
            return _NODE if "--version" not in flags else None
        case ("go", "mod", "download"):
            return _GO
        case ("bundle", "install"):
            return _RUBY
        case ("composer", "install") if "--no-scripts" in flags and "--no-autoloader" in flags:
            return _PHP
        case ("poetry", "install") if "--no-root" in flags:
            return _POETRY
        case ("uv", "sync") if "--no-install-project" in flags:
            return _UV
        case ("pip" | "pip3", "install", *_):
            return _requirements(command)
    return None


def _requirements(command: Command) -> Manifest | None:
    words = [word.text for word in command.arguments if word.text != "install"]
    files = [
        words[at + 1]
        for at, word in enumerate(words[:-1])
        if word in ("-r", "--requirement") and not words[at + 1].startswith(("-", "$", "/"))
    ]
    plain = [word for word in words if not word.startswith("-") and word not in files]
    is_simple = len(files) == 1 and not plain and "-e" not in words
    return Manifest(files[0].removeprefix("./")) if is_simple else None


def is_indifferent(step: Step) -> bool:
    """Whether a RUN installs packages of the system, so that no variable of the project matters to it."""
    names = [program(command) for command in step.commands]
    return any(name in _SYSTEM for name in names) and all(_is_quiet(name) for name in names)


def _is_quiet(name: str) -> bool:
    return name in _SYSTEM or name in _QUIET


def installs_dependencies(commands: Iterable[Command]) -> Manifest | None:
    """The manifest of a script that installs what one lists, and does nothing that needs more."""
    found: Manifest | None = None
    for command in commands:
        manifest = manifest_of(command)
        if manifest is None and program(command) not in _QUIET:
            return None
        found = found or manifest
    return found
