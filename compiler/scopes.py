"""Owns the global scope: automatic arguments, the ARGs before the first FROM, and the epoch.

It stands apart from stages because it is evaluated once per target platform and whole stages see it only
through ARG and FROM. It refuses the build environment of a stage (`state.py`).

Specification: sections 2.4, 2.5 and 7.6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.epoch import EPOCH_ARG, EpochNames, parse_epoch
from lithify.compiler.expansion import expand_word
from lithify.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lithify.cache.platform import Platform
    from lithify.compiler.plan import BuildOptions
    from lithify.errors import Span
    from lithify.grammar.ast import Arg

#: Arguments that only switch scanning on; they never become variables.
SILENT_ARGS = frozenset(("BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"))
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")


@dataclass(frozen=True, slots=True)
class GlobalScope:
    """What FROM can see, and what a stage's `ARG NAME` falls back to."""

    variables: Mapping[str, str]
    build_args: Mapping[str, str]
    epoch: int | None


def platform_args(build: Platform, target: Platform, stage: str) -> dict[str, str]:
    """The automatic arguments for a target platform; `stage` is the one asked for."""
    args = {"BUILDPLATFORM": "/".join(filter(None, (build.os, build.architecture, build.variant)))}
    args["TARGETPLATFORM"] = str(target)
    for prefix, platform in (("BUILD", build), ("TARGET", target)):
        args[f"{prefix}OS"] = platform.os
        args[f"{prefix}OSVERSION"] = platform.os_version
        args[f"{prefix}ARCH"] = platform.architecture
        args[f"{prefix}VARIANT"] = platform.variant
    args["TARGETSTAGE"] = stage
    return args


def make_global_scope(
    declarations: tuple[Arg, ...],
    automatic: Mapping[str, str],
    options: BuildOptions,
    escape: str,
    named: EpochNames | None = None,
) -> GlobalScope:
    """Evaluate the ARGs before the first FROM, in file order; `named` is what the epoch may be the time of.

    Raises SourceError, and BuildError when the epoch's source can't be reached."""
    build_args = dict(options.build_args)
    variables = {name: build_args.get(name, value) for name, value in automatic.items()}
    spans: dict[str, Span] = {}
    for instruction in declarations:
        for declared in instruction.declarations:
            name = declared.name.text
            spans[name] = declared.name.span
            if name in build_args:
                variables[name] = build_args[name]
            elif declared.default is not None:
                variables[name] = expand_word(declared.default, variables, escape)
    epoch = options.epoch
    if epoch is None:
        written = build_args.get(EPOCH_ARG, variables.get(EPOCH_ARG, ""))
        names, span = named or EpochNames(), spans.get(EPOCH_ARG)
        epoch = parse_epoch(written, names, variables, build_args, escape, span)
        if written:
            build_args[EPOCH_ARG] = variables[EPOCH_ARG] = ""
    if epoch is not None:
        build_args[EPOCH_ARG] = variables[EPOCH_ARG] = str(epoch)
    return GlobalScope(variables, build_args, epoch)


def proxy_variables(build_args: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The proxy variables of every RUN in both cases; the lower-case argument wins."""
    found: list[tuple[str, str]] = []
    for name in _PROXIES:
        given = [(key, value) for key, value in build_args.items() if key.upper() == name]
        if given:
            value = dict(given).get(name.lower(), given[-1][1])
            found += [(name, value), (name.lower(), value)]
    return tuple(found)
