"""Owns the flags of `lithify lint`: those of hadolint with the same meaning, and our own.

They become a layer of settings like any other source. It refuses to decide what they are worth against the others.
"""

from __future__ import annotations

from argparse import BooleanOptionalAction
from typing import TYPE_CHECKING

from lithify.cli.parser import command_parser
from lithify.errors import UsageError
from lithify.linting.formats.table import FORMS
from lithify.linting.own_files import PROFILES
from lithify.linting.settings import LABEL_TYPES, THRESHOLDS, Layer

if TYPE_CHECKING:
    import argparse

    from lithify.cli.parser import CommandParser

_LEVELS = ("error", "warning", "info", "style")


def lint_parser() -> CommandParser:
    """The parser of the command."""
    parser = command_parser(
        "lint", "Check Dockerfiles: files, folders, patterns, or - for standard input."
    )
    parser.add_argument("paths", nargs="*", metavar="PATH", help="default: the current folder")
    _add_rules(parser)
    _add_output(parser)
    _add_repair(parser)
    _add_input(parser)
    return parser


def _add_rules(parser: CommandParser) -> None:
    group = parser.add_argument_group("rules, by any of their names")
    group.add_argument("--profile", choices=PROFILES, help="whose rules and verdicts")
    group.add_argument("--select", action="append", metavar="RULE", help="only these; all: all")
    group.add_argument("--ignore", action="append", metavar="RULE", help="not these")
    for level in _LEVELS:
        group.add_argument(f"--{level}", action="append", metavar="RULE", help=f"at level {level}")
    group.add_argument(
        "--trusted-registry", action="append", metavar="REGISTRY", help="images come from these"
    )
    group.add_argument(
        "--require-label", action="append", metavar="LABEL:TYPE", help="a label that must be there"
    )
    group.add_argument("--strict-labels", action="store_true", help="no other labels than those")
    group.add_argument(
        "--disable-ignore-pragma", action="store_true", help="comments in files silence nothing"
    )
    group.add_argument(
        "--allow-custom-rules", action="store_true", help="load the rule files that settings name"
    )
    group.add_argument(
        "--shellcheck",
        action=BooleanOptionalAction,
        help="ask ShellCheck about scripts (default: if it is installed)",
    )
    group.add_argument("--explain", metavar="RULE", help="tell about a rule")
    group.add_argument("--list-rules", action="store_true", help="tell all rules")


def _add_output(parser: CommandParser) -> None:
    group = parser.add_argument_group("output")
    group.add_argument(
        "-f", "--format", action="append", metavar="FORMAT", help=f"one of {', '.join(FORMS)}"
    )
    group.add_argument(
        "-o", "--output", action="append", metavar="FILE", help="where the format as many-th goes"
    )
    group.add_argument(
        "-t",
        "--failure-threshold",
        choices=THRESHOLDS,
        help="the least level that makes the exit status 1 (default: info)",
    )
    group.add_argument("--no-fail", action="store_true", help="findings leave the status at 0")
    group.add_argument("--no-color", action="store_true", help="no colours on a terminal either")
    group.add_argument("-V", "--verbose", action="store_true", help="say what was read")
    group.add_argument(
        "--file-path-in-report", metavar="PATH", default="", help="stands for the file in reports"
    )


def _add_repair(parser: CommandParser) -> None:
    group = parser.add_argument_group("repair")
    group.add_argument("--fix", action="store_true", help="repair what can be repaired safely")
    group.add_argument("--unsafe", action="store_true", help="and what changes what is built")
    group.add_argument("--diff", action="store_true", help="show what --fix would change")


def _add_input(parser: CommandParser) -> None:
    group = parser.add_argument_group("input")
    group.add_argument("-c", "--config", metavar="FILE", default="", help="settings (YAML or TOML)")
    group.add_argument("--exclude", action="append", metavar="PATTERN", help="leave these out")
    group.add_argument(
        "--stdin-name", metavar="PATH", default="-", help="what standard input is called"
    )
    group.add_argument("--context", metavar="DIR", default="", help="the build context")
    group.add_argument("--build-arg", action="append", metavar="K[=V]", help="as for build")
    group.add_argument("-j", "--jobs", type=int, default=0, metavar="N", help="processes at most")
    group.add_argument("--no-cache", action="store_true", help="look at everything anew")


def command_line_layer(flags: argparse.Namespace) -> Layer:
    """What the flags say. Raises UsageError."""
    formats = _words(flags.format)
    for one in formats:
        if one not in FORMS:
            raise UsageError(f"--format: {one!r} is none of {', '.join(FORMS)}")
    levels = tuple((name, level) for level in _LEVELS for name in _words(getattr(flags, level)))
    return Layer(
        profile=flags.profile,
        threshold=flags.failure_threshold,
        no_fail=flags.no_fail or None,
        no_color=flags.no_color or None,
        verbose=flags.verbose or None,
        strict_labels=flags.strict_labels or None,
        disable_pragma=flags.disable_ignore_pragma or None,
        shellcheck=flags.shellcheck,
        formats=formats,
        ignored=_words(flags.ignore),
        selected=_words(flags.select),
        levels=levels,
        registries=_words(flags.trusted_registry),
        labels=tuple(map(_label, _words(flags.require_label))),
        exclude=tuple(flags.exclude or ()),
    )


def _words(values: list[str] | None) -> tuple[str, ...]:
    """Values of a repeated flag, each of which may hold several."""
    split = (one.strip() for value in values or () for one in value.split(","))
    return tuple(filter(None, split))


def _label(text: str) -> tuple[str, str]:
    name, _, kind = text.partition(":")
    if not name or (kind or "text") not in LABEL_TYPES:
        hint = f"LABEL:TYPE, a type is one of {', '.join(LABEL_TYPES)}"
        raise UsageError(f"--require-label: {text!r} is not a label and its type", hint=hint)
    return name, kind or "text"
