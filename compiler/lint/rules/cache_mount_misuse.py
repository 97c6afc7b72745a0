"""A cache mount should be kept, shared with care, and used.

What it does: reports RUN that empties its own cache mount or tells the package manager not to use it, cache mounts of
apt without `sharing=locked`, and cache mounts of one name with other owners or modes.

Why it matters: an emptied cache speeds up nothing; two builds that use apt at the same time fail on its lock; and a
cache that is made with another owner cannot be written.

Example:

    FROM debian:13
    RUN --mount=type=cache,target=/var/lib/apt apt-get update && apt-get install --yes curl

Use instead:

    FROM debian:13
    RUN --mount=type=cache,target=/var/lib/apt,sharing=locked apt-get update && apt-get install --yes curl
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Edit, Fix, Related, about
from lithify.compiler.lint.insight.copies import is_below
from lithify.compiler.lint.insight.mounts import mounts
from lithify.compiler.lint.insight.scripts import operands, program, steps
from lithify.compiler.lint.insight.story import every_place
from lithify.errors import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.lint.insight.mounts import Mounted
    from lithify.compiler.lint.insight.scripts import Step
    from lithify.compiler.shell.model import Command, ShellWord

_APT = ("/var/lib/apt", "/var/lib/apt/lists", "/var/cache/apt", "/var/cache/apt/archives")
#: For each program the option that keeps it from its cache, and a part of the path of that cache.
_REFUSALS = {
    "pip": ("--no-cache-dir", ".cache/pip"),
    "pip3": ("--no-cache-dir", ".cache/pip"),
    "apk": ("--no-cache", "/var/cache/apk"),
}


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    owners: dict[str, tuple[Mounted, tuple[int, int, int]]] = {}
    for step in steps(ctx, every_place(ctx)):
        caches = [one for one in mounts(step.place) if one.fields.kind == "cache" and one.target]
        if caches:
            yield from _unlocked(step, caches)
            yield from _refused(step, caches)
            yield from _emptied(step, caches)
        for one in caches:
            yield from _other_owner(step, one, owners)


def _unlocked(step: Step, caches: list[Mounted]) -> Iterator[Diagnostic]:
    names = {program(command) for command in step.commands}
    for one in caches:
        uses_apt = one.target in _APT and names & {"apt-get", "apt", "aptitude"}
        if uses_apt and one.fields.sharing in ("", "shared"):
            message = "apt locks its files: share this mount with sharing=locked"
            fixes: tuple[Fix, ...] = ()
            if not one.fields.sharing:
                end = Span(one.flag.span.source, one.flag.span.end, one.flag.span.end)
                if one.flag.span.text[-1:] not in "\"'":
                    fixes = (Fix("Add sharing=locked", (Edit(end, ",sharing=locked"),)),)
            yield about(step.run, message, one.flag.span)._replace(fixes=fixes)


def _refused(step: Step, caches: list[Mounted]) -> Iterator[Diagnostic]:
    for command in step.commands:
        flag, place = _REFUSALS.get(program(command), ("", ""))
        word = next((one for one in command.arguments if one.text == flag), None)
        mount = next((one for one in caches if place and place in one.target), None)
        if word is not None and mount is not None:
            message = f"{flag} keeps {program(command)} from using the cache mount"
            related = Related(mount.flag.span, "the cache mount")
            finding = about(step.run, message, step.span(word))
            fix = Fix(f"Delete {flag}", (_without(step, word),))
            yield finding._replace(fixes=(fix,), related=(related,))


def _emptied(step: Step, caches: list[Mounted]) -> Iterator[Diagnostic]:
    for command in step.commands:
        for path, word in _cleaned(step, command):
            mount = next((one for one in caches if _is_all_of(path, one.target)), None)
            if mount is not None:
                message = (
                    f"This empties the cache mount {mount.target}, which is in no layer anyway"
                )
                related = Related(mount.flag.span, "the cache mount")
                finding = about(step.run, message, step.span(word or command))
                yield finding._replace(related=(related,))


def _is_all_of(path: str, target: str) -> bool:
    return is_below(target, path) or (path == "/var/lib/apt/lists" and target == "/var/lib/apt")


def _cleaned(step: Step, command: Command) -> Iterator[tuple[str, ShellWord | None]]:
    """The folders that a command empties."""
    words = operands(command)
    texts = [word.text for word in words]
    match program(command):
        case "rm":
            for word in words:
                path = step.place.absolute(word.text.removesuffix("/*"))
                if path is not None and path != "/" and "*" not in path:
                    yield path, word
        case "apt-get" | "apt" if texts[:1] == ["clean"]:
            yield "/var/cache/apt", None
        case "yum" | "dnf" | "microdnf" if texts[:2] == ["clean", "all"]:
            yield f"/var/cache/{program(command)}", None
        case "zypper" if texts[:1] in (["clean"], ["cc"]):
            yield "/var/cache/zypp", None


def _without(step: Step, word: ShellWord) -> Edit:
    span = step.span(word)
    text = span.source.text
    return Edit(Span(span.source, span.start - (text[span.start - 1] == " "), span.end), "")


def _other_owner(
    step: Step, one: Mounted, owners: dict[str, tuple[Mounted, tuple[int, int, int]]]
) -> Iterator[Diagnostic]:
    fields = one.fields
    mode = 0o755 if fields.mode is None else fields.mode
    owner = (fields.uid or 0, fields.gid or 0, mode)
    name = fields.id or one.target
    first, known = owners.setdefault(name, (one, owner))
    if known != owner:
        message = f"The cache {name} has another owner or mode elsewhere: who comes first decides"
        related = Related(first.flag.span, "the other mount")
        yield about(step.run, message, one.flag.span)._replace(related=(related,))
