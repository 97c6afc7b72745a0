"""Owns `lithify lint`: arguments in, findings of Dockerfiles out.

The exit status is 1 if a finding is as grave as the threshold, if a file could not be read, or settings could not. It
refuses to judge and to render: `linting` does. No engine is opened, so nothing of what builds is loaded.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from lithify.cli.guard import DONE, FAILED, show_error
from lithify.cli.lint_flags import command_line_layer, lint_parser
from lithify.cli.parser import parse
from lithify.cli.text import clean, clean_line
from lithify.errors import ConfigurationError, UsageError
from lithify.linting.answers import cache_folder
from lithify.linting.configuration import configure
from lithify.linting.discovery import find_files
from lithify.linting.formats.table import Look, form
from lithify.linting.run import LintRequest, lint_paths, with_rules_of_the_project
from lithify.linting.settings import always_succeeds
from lithify.linting.shellcheck.choice import shellcheck_for

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from lithify.cli.door import Door
    from lithify.linting.configuration import Configured
    from lithify.linting.report import FileReport
    from lithify.linting.settings import Layer, Settings

_ALLOW_CUSTOM = "LITHIFY_ALLOW_CUSTOM_RULES"
#: Forms that are read by people, or by programs that obey control characters.
_LINE_FORMS = frozenset(("text", "tty", "gnu", "github", "markdown"))


def run(arguments: Sequence[str], door: Door) -> int:
    """Check files, and tell."""
    flags = parse(lint_parser(), arguments, door)
    if flags.explain or flags.list_rules:
        from lithify.linting.pages import explain, rule_lines

        sys.stdout.write(explain(flags.explain) if flags.explain else rule_lines())
        return DONE
    layer = command_line_layer(flags)
    is_misconfigured, configured = _configured(layer, flags, door)
    settings = configured.settings
    for note in configured.notes:
        sys.stderr.write(f"warning: {clean_line(note)}\n")
    reports = lint_paths(_files(flags, settings), _request(flags, settings, door))
    formats = _write(reports, flags, settings, door)
    _tell_of_files(reports, settings)
    if always_succeeds(settings, formats):
        return DONE
    is_bad = is_misconfigured or any(map(settings.is_failure, reports))
    return FAILED if is_bad else DONE


def _configured(layer: Layer, flags: argparse.Namespace, door: Door) -> tuple[bool, Configured]:
    """The settings; if a file of them is broken, that is told, and what else is said counts."""
    try:
        return False, configure(layer, flags.config, door.environ)
    except ConfigurationError as error:
        if flags.config and not os.path.exists(flags.config):
            raise
        show_error(error)
        return True, configure(layer, os.devnull, door.environ)


def _files(flags: argparse.Namespace, settings: Settings) -> list[str]:
    if flags.unsafe and not (flags.fix or flags.diff):
        raise UsageError("--unsafe: only --fix and --diff know it")
    if flags.fix and flags.diff:
        raise UsageError("--fix and --diff: one changes files, the other does not")
    return find_files(flags.paths or [os.curdir], settings.exclude)


def _request(flags: argparse.Namespace, settings: Settings, door: Door) -> LintRequest:
    rule_files = settings.rule_files
    is_allowed = flags.allow_custom_rules or door.environ.get(_ALLOW_CUSTOM) == "1"
    if rule_files and not is_allowed:
        names = ", ".join(map(clean_line, rule_files))
        hint = f"--allow-custom-rules or {_ALLOW_CUSTOM}=1 loads them"
        sys.stderr.write(f"warning: rules of the project are switched off: {names}; {hint}\n")
        rule_files = ()
    build_args: tuple[tuple[str, str], ...] = ()
    if flags.build_arg:
        from lithify.cli.values import from_environment  # loads what describes builds

        build_args = from_environment("--build-arg", flags.build_arg, door.environ)
    memory = "" if flags.no_cache else cache_folder(door.environ)
    request = LintRequest(
        settings.policy,
        settings.per_file,
        build_args,
        flags.context,
        sys.stdin.buffer.read() if "-" in flags.paths else b"",
        flags.stdin_name,
        flags.jobs,
        extra=shellcheck_for(settings, memory, flags.jobs),
        repair="write" if flags.fix else "diff" if flags.diff else "",
        unsafe=flags.unsafe,
        store=door.store_root(),
        memory=memory,
    )
    return with_rules_of_the_project(request, rule_files)


def _write(
    reports: Sequence[FileReport], flags: argparse.Namespace, settings: Settings, door: Door
) -> list[str]:
    """Write every form to its place; returns the forms."""
    is_compatible = settings.is_compatible
    formats = list(settings.formats) or ["tty" if is_compatible else "text"]
    outputs = list(flags.output or ())
    formats += ["tty" if is_compatible else "text"] * (len(outputs) - len(formats))
    if flags.diff:
        sys.stdout.write(clean("".join(report.diff for report in reports)))
        return formats if flags.format else []
    is_taken = flags.fix and "-" in flags.paths
    if is_taken:
        sys.stdout.write("".join(report.output for report in reports))
    for name, path in zip(formats, [*outputs, *[""] * len(formats)], strict=False):
        stream = sys.stderr if is_taken else sys.stdout
        has_colour = not path and stream.isatty() and not settings.no_color
        look = Look(is_compatible, _version(), flags.file_path_in_report, has_colour, _now())
        shown = [_cleaned(one) for one in reports] if name in _LINE_FORMS else reports
        text = form(name)(shown, look)
        if path:
            with open(path, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
        else:
            stream.write(text)
    return formats


def _version() -> str:
    import lithify

    return lithify.__version__


def _now() -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S")


def _cleaned(report: FileReport) -> FileReport:
    """The report without characters that command a terminal; places stay true, for none is removed."""
    if report.text.isprintable() and not report.items:
        return report
    items = tuple(
        item._replace(file=clean_line(item.file), message=clean(item.message))
        for item in report.items
    )
    text = "".join(one if one in "\n\t" or one.isprintable() else "\ufffd" for one in report.text)
    return report._replace(name=clean_line(report.name), items=items, text=text)


def _tell_of_files(reports: Sequence[FileReport], settings: Settings) -> None:
    """What is no finding: files that could not be read, repairs, and with --verbose what was read."""
    for report in reports:
        name = clean_line(report.name)
        if report.problem:
            sys.stderr.write(f"error: {name}: {clean_line(report.problem)}\n")
        if report.fixed and not report.diff:
            fixed = ", ".join(f"{count} {rule}" for rule, count in report.fixed)
            sys.stderr.write(f"fixed {name}: {fixed}\n")
    if settings.verbose:
        sources = ", ".join(map(clean_line, settings.sources)) or "none"
        sys.stderr.write(f"settings: {sources}\n")
        sys.stderr.write(f"profile: {settings.policy.profile.value}; files: {len(reports)}\n")
