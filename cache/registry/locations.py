"""Owns where an image's repository really is: mirrors, rewritten places, blocked and insecure registries, short names.

The source is registries.conf (containers-registries.conf(5), version 2), for that is where administrators already say
it. Short names mean docker.io as in the reference builder unless the main file says otherwise: aliases that
distributions drop beside it would make a Dockerfile mean something else on each machine. It refuses to guess at
files it does not understand.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lithify.cache.reference import Reference, parse_reference
from lithify.cache.registry.settings import is_loopback
from lithify.errors import ConfigurationError, LithifyError, RegistryBlocked

if TYPE_CHECKING:
    from pathlib import Path

    from lithify.cache.registry.settings import RegistrySettings

_MOST_BYTES = 1024 * 1024
_PULLS = ("all", "digest-only", "tag-only")


@dataclass(frozen=True, slots=True)
class Location:
    """A repository on a host (`host[:port]`, as in names). `is_insecure`: plain http and unverified TLS are fine."""

    host: str
    repository: str
    is_insecure: bool = False

    @property
    def name(self) -> str:
        return f"{self.host}/{self.repository}"

    @property
    def may_be_plain(self) -> bool:
        """Whether http without TLS is acceptable."""
        return self.is_insecure or is_loopback(self.host)


@dataclass(frozen=True, slots=True)
class _Mirror:
    location: str
    is_insecure: bool
    pull: str


@dataclass(frozen=True, slots=True)
class _Rule:
    prefix: str
    location: str
    is_insecure: bool
    is_blocked: bool
    mirrors: tuple[_Mirror, ...]

    def matches(self, name: str) -> bool:
        if self.prefix.startswith("*."):
            return name.partition("/")[0].partition(":")[0].endswith(self.prefix[1:])
        rest = name[len(self.prefix) :]
        return name.startswith(self.prefix) and rest[:1] in ("", "/", ":")

    def moved(self, location: str, name: str) -> str:
        """The name with its prefix replaced."""
        return (
            name if not location or self.prefix[:1] == "*" else location + name[len(self.prefix) :]
        )


@dataclass(frozen=True, slots=True)
class Locations:
    """What registries.conf says."""

    rules: tuple[_Rule, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    search: tuple[str, ...] = ()

    def references(self, written: str) -> tuple[Reference, ...]:
        """The full names that a name as written may stand for, to be tried in order. Raises InvalidReference."""
        full = parse_reference(written)
        if not _is_short(written, full):
            return (full,)
        name = written.partition("@")[0].partition(":")[0]
        suffix = written[len(name) :]
        if alias := dict(self.aliases).get(name):
            return (parse_reference(alias + suffix),)
        return tuple(parse_reference(f"{one}/{name}{suffix}") for one in self.search) or (full,)

    def of(self, reference: Reference, *, push: bool = False) -> tuple[Location, ...]:
        """Where to go for a reference, mirrors first; only the registry itself for a push.

        Raises RegistryBlocked."""
        rule = self._rule(reference.name)
        if rule is None:
            return (Location(reference.domain, reference.path),)
        if rule.is_blocked:
            raise RegistryBlocked(
                f"{reference.familiar}: the registry {rule.prefix} is blocked by registries.conf"
            )
        found = []
        for mirror in () if push else rule.mirrors:
            unwanted = "tag-only" if reference.digest else "digest-only"
            if mirror.pull != unwanted:
                found.append(
                    _location(rule.moved(mirror.location, reference.name), mirror.is_insecure)
                )
        own = rule.moved(rule.location, reference.name)
        return (*found, _location(own, rule.is_insecure))

    def host(self, host: str) -> Location:
        """A registry itself, without a repository. Raises RegistryBlocked."""
        rule = self._rule(host)
        if rule is not None and rule.is_blocked:
            raise RegistryBlocked(f"the registry {host} is blocked by registries.conf")
        return Location(host, "", rule is not None and rule.is_insecure)

    def _rule(self, name: str) -> _Rule | None:
        fitting = [rule for rule in self.rules if rule.matches(name)]
        return max(fitting, key=lambda rule: len(rule.prefix), default=None)


def _is_short(written: str, full: Reference) -> bool:
    """Whether no registry was written (a name with a domain parses to the same name with it)."""
    return not written.startswith((f"{full.domain}/", "index.docker.io/"))


def _location(name: str, is_insecure: bool) -> Location:
    host, _, repository = name.partition("/")
    return Location(host, repository, is_insecure)


def read_locations(settings: RegistrySettings) -> Locations:
    """Read registries.conf and its additions. Raises ConfigurationError."""
    main, folders = settings.registries_files()
    document = _read(main)
    rules = {rule.prefix: rule for rule in _rules(document, main)}
    for folder in folders:
        for path in sorted(folder.glob("*.conf")):
            rules |= {rule.prefix: rule for rule in _rules(_read(path), path)}
    aliases = _typed(document, "aliases", dict, main)
    search = _typed(document, "unqualified-search-registries", list, main)
    return Locations(
        tuple(rules.values()),
        tuple((str(name), str(target)) for name, target in aliases.items() if target),
        tuple(str(one) for one in search),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error
    try:
        return tomllib.loads(raw.decode())
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path}: {error}") from error


def _rules(document: dict[str, Any], path: Path) -> list[_Rule]:
    if "registries" in document:
        raise ConfigurationError(
            f"{path}: version 1 of registries.conf is not understood",
            hint="write [[registry]] tables (containers-registries.conf(5))",
        )
    return [_read_rule(table, path) for table in _tables(document, "registry", path)]


def _read_rule(table: dict[str, Any], path: Path) -> _Rule:
    location = _typed(table, "location", str, path)
    prefix = _typed(table, "prefix", str, path) or location
    by_digest = _typed(table, "mirror-by-digest-only", bool, path)
    if not prefix:
        raise ConfigurationError(f"{path}: a [[registry]] has neither prefix nor location")
    mirrors = []
    for one in _tables(table, "mirror", path):
        pull = _typed(one, "pull-from-mirror", str, path) or ("digest-only" if by_digest else "all")
        place = _typed(one, "location", str, path)
        if pull not in _PULLS or not place:
            raise ConfigurationError(f"{path}: a mirror of {prefix} is wrong")
        mirrors.append(_Mirror(place, _typed(one, "insecure", bool, path), pull))
    _check(prefix.removeprefix("*."), path)
    return _Rule(
        prefix,
        location,
        _typed(table, "insecure", bool, path),
        _typed(table, "blocked", bool, path),
        tuple(mirrors),
    )


def _check(prefix: str, path: Path) -> None:
    try:
        parse_reference(prefix if "/" in prefix else f"{prefix}/name")
    except LithifyError as error:
        raise ConfigurationError(f"{path}: {prefix!r} is no registry or repository") from error


def _tables(document: dict[str, Any], key: str, path: Path) -> list[dict[str, Any]]:
    found: list[Any] = _typed(document, key, list, path)
    if not all(isinstance(one, dict) for one in found):
        raise ConfigurationError(f"{path}: {key} is not a list of tables")
    return found


def _typed(document: dict[str, Any], key: str, kind: type, path: Path) -> Any:
    value = document.get(key, kind())
    if not isinstance(value, kind):
        raise ConfigurationError(f"{path}: {key} is not of the right type ({kind.__name__})")
    return value
