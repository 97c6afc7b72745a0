"""Owns what people decide about a run of the linter, and how several sources of decisions become one.

Each source (command line, files, environment) says what it says as a `Layer`; what it is silent about is None. Scalars
come from the first layer that speaks; lists of all layers are joined, as hadolint does whatever its help says. It
refuses to read any source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lithify.compiler.lint.policy import Policy, is_at_least, plain_names
from lithify.compiler.lint.rule import Profile, Severity
from lithify.compiler.lint.world import RuleOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lithify.linting.report import FileReport, Item

THRESHOLDS = ("error", "warning", "info", "style", "ignore", "none")
LABEL_TYPES = ("text", "url", "spdx", "hash", "rfc3339", "semver", "email")
_COMPATIBLE_ZERO = frozenset(("codeclimate", "codacy"))

Pairs = tuple[tuple[str, str], ...]


class Layer(NamedTuple):
    """What one source says. `levels` pairs names of rules with severities; `source` is where it stands."""

    source: str = ""
    profile: str | None = None
    threshold: str | None = None
    no_fail: bool | None = None
    no_color: bool | None = None
    verbose: bool | None = None
    strict_labels: bool | None = None
    disable_pragma: bool | None = None
    shellcheck: bool | None = None
    formats: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    selected: tuple[str, ...] = ()
    levels: Pairs = ()
    registries: tuple[str, ...] = ()
    labels: Pairs = ()
    exclude: tuple[str, ...] = ()
    per_file: tuple[tuple[str, tuple[str, ...]], ...] = ()
    rule_files: tuple[str, ...] = ()


class Settings(NamedTuple):
    """All decisions taken. `threshold` None: nothing that is found fails; `shellcheck` None: if it is installed."""

    policy: Policy
    threshold: Severity | None = Severity.INFO
    no_fail: bool = False
    no_color: bool = False
    verbose: bool = False
    formats: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    per_file: tuple[tuple[str, tuple[str, ...]], ...] = ()
    rule_files: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    shellcheck: bool | None = None

    @property
    def is_compatible(self) -> bool:
        """Whether all is to be as hadolint does it."""
        return self.policy.profile is Profile.HADOLINT

    def is_failure(self, report: FileReport) -> bool:
        """Whether a file makes the run fail: by a finding that is grave enough, or because it cannot be read."""
        return bool(report.problem or report.diff) or any(map(self._counts, report.items))

    def _counts(self, item: Item) -> bool:
        if item.code == "DL1000":
            return True
        return self.threshold is not None and is_at_least(Severity(item.level), self.threshold)


def settle(layers: Sequence[Layer]) -> Settings:
    """One set of decisions of several layers, the strongest first."""

    def first(name: str) -> str | bool | None:
        return next((one for layer in layers if (one := getattr(layer, name)) is not None), None)

    def joined(name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one for layer in layers for one in getattr(layer, name)))

    options = RuleOptions(
        joined("registries"),
        tuple(dict(pair for layer in reversed(layers) for pair in layer.labels).items()),
        bool(first("strict_labels")),
    )
    levels = tuple(
        (next(iter(plain_names((name,))), ""), Severity(level))
        for layer in layers
        for name, level in layer.levels
    )
    threshold = first("threshold") or "info"
    return Settings(
        Policy(
            Profile(first("profile") or "default"),
            plain_names(joined("ignored")),
            plain_names(joined("selected")),
            tuple(dict.fromkeys(levels)),
            not first("disable_pragma"),
            options,
        ),
        None if threshold in ("ignore", "none") else Severity(threshold),
        bool(first("no_fail")),
        bool(first("no_color")),
        bool(first("verbose")),
        next((layer.formats for layer in layers if layer.formats), ()),
        joined("exclude"),
        tuple(one for layer in layers for one in layer.per_file),
        joined("rule_files"),
        tuple(layer.source for layer in layers if layer.source),
        next((one.shellcheck for one in layers if one.shellcheck is not None), None),
    )


def always_succeeds(settings: Settings, formats: Sequence[str]) -> bool:
    """Whether findings leave the exit status alone: as asked, or for programs that only take reports."""
    return settings.no_fail or not _COMPATIBLE_ZERO.isdisjoint(formats)
