"""Owns package managers: which command installs what, and which distribution has which manager.

It refuses versions and repositories: a package is a word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lithify.compiler.lint.insight.scripts import operands, program

if TYPE_CHECKING:
    from lithify.compiler.shell.model import Command, ShellWord

_VERBS = {
    "apt-get": ("install",),
    "apt": ("install",),
    "aptitude": ("install",),
    "apk": ("add",),
    "yum": ("install", "localinstall", "groupinstall"),
    "dnf": ("install", "in", "localinstall", "groupinstall"),
    "microdnf": ("install",),
    "tdnf": ("install",),
    "zypper": ("install", "in"),
    "pacman": (),
    "pip": ("install",),
    "pip3": ("install",),
    "npm": ("install", "i", "add", "ci"),
    "yarn": ("add", "install"),
    "pnpm": ("add", "install", "i"),
    "gem": ("install", "i"),
}
_VALUED = frozenset((
    "-t", "--target-release", "-o", "--option", "-c", "--config-file", "--virtual", "--repository",
    "-X", "--repo", "-p", "--root", "-r", "--requirement", "--constraint", "-i", "--index-url",
    "--extra-index-url", "--target", "--prefix", "--registry", "--installroot", "--enablerepo",
    "--disablerepo", "--releasever", "--allow-untrusted",
)) - {"--allow-untrusted"}  # fmt: skip

#: Which managers a family of distributions has; a family's name is the ID of its os-release.
MANAGERS = {
    "debian": frozenset(("apt-get", "apt", "aptitude", "dpkg", "apt-key", "add-apt-repository")),
    "alpine": frozenset(("apk",)),
    "fedora": frozenset(("yum", "dnf", "microdnf", "tdnf", "rpm")),
    "suse": frozenset(("zypper", "rpm")),
    "arch": frozenset(("pacman",)),
}
SYSTEM = frozenset().union(*MANAGERS.values())


class Install(NamedTuple):
    """A command that installs: the manager, and the packages it names."""

    manager: str
    command: Command
    packages: tuple[ShellWord, ...]


def installation(command: Command) -> Install | None:
    """What a command installs; None if it is none that does."""
    manager = program(command)
    if manager == "pacman":
        if not any(word.text.startswith("-S") for word in command.arguments):
            return None
        return Install(manager, command, operands(command))
    verbs = _VERBS.get(manager)
    words = operands(command, _VALUED)
    if verbs is None or not words:
        return None
    at = next((n for n, word in enumerate(words) if word.text in verbs), None)
    return None if at is None else Install(manager, command, words[at + 1 :])
