"""Owns the table of known causes: what makes builds differ, how it is recognised, what to do about it.

A difference alone leaves people searching; nearly always it is one of a few dozen habits of tools. Rules are tried in
order, the special before the general, and the last fits all, so every difference gets a name. It refuses to decide
whether builds are equal: bytes do.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from lithify.executor.compare.model import Difference


class Cause(NamedTuple):
    """A named cause and what to do."""

    name: str
    advice: str


class _Rule(NamedTuple):
    cause: Cause
    fits: Callable[[Difference], bool]


_DATE = re.compile(
    r"\b(?:19|20)\d\d[-/.]?(?:0\d|1[0-2])[-/.]?[0-3]\d\b"
    r"|\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\s+\d{1,2}\b"
    r"|\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?\s"
    r"|\b\d{1,2}:\d\d:\d\d\b"
)
_UNIX_TIME = re.compile(r"(?<!\d)1[5-9]\d{8}(?:\d{3}|\d{6}|\d{9})?(?!\d)")
_UUID = re.compile(
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE
)
_RANDOM_TEXT = re.compile(r"(?<![\w+/])(?:[0-9a-fA-F]{12,}|[\w+/]{16,}={0,2})(?![\w+/])")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_SCRATCH = re.compile(r"/(?:var/)?tmp/\S+|/build[-_/]\S+")
_TEMPORARY_NAME = re.compile(r"(?:tmp|temp|cc|\.)[\w.-]*[A-Za-z0-9_]{6,}|[A-Za-z0-9]{10,}")
_KEY_FILE = re.compile(r"ssh_host_\w+_key|\.(?:key|pem|p12|pfx|jks|keystore)$|/private/")


def cause_of(difference: Difference) -> Cause:
    """The likely cause of a difference; every one has a name."""
    return next(rule.cause for rule in RULES if rule.fits(difference))


# -- what rules look at ---------------------------------------------------------------------------


def _at(pattern: str) -> Callable[[Difference], bool]:
    """A file at a path."""
    compiled = re.compile(pattern)
    return lambda one: one.area == "file" and compiled.search(one.path) is not None


def _finds(pattern: str, *forms: str) -> Callable[[Difference], bool]:
    """A finding whose summary says this, of one of these forms if any are given."""
    compiled = re.compile(pattern)
    return lambda one: any(
        compiled.search(found.summary) and (not forms or found.form in forms)
        for found in one.findings
    )


def _has_form(*forms: str) -> Callable[[Difference], bool]:
    return lambda one: any(found.form in forms for found in one.findings)


def _changed_lines(difference: Difference, *forms: str) -> Iterator[str]:
    """The lines of excerpts that only one side has, with their signs."""
    for found in difference.findings:
        if not forms or found.form in forms:
            yield from (line for line in found.excerpt if line[:1] in "+-")


def _in_text(pattern: re.Pattern[str]) -> Callable[[Difference], bool]:
    """Both sides of a text hold this where they differ, and not the same."""

    def fits(one: Difference) -> bool:
        found: dict[str, set[str]] = {"-": set(), "+": set()}
        for line in _changed_lines(one, "text"):
            found[line[0]].update(pattern.findall(line[1:]))
        return bool(found["-"] and found["+"] and found["-"] != found["+"])

    return fits


def _numbers_only(one: Difference) -> bool:
    """Texts that differ in nothing but numbers."""
    shapes: dict[str, list[str]] = {"-": [], "+": []}
    for line in _changed_lines(one, "text"):
        shapes[line[0]].append(_NUMBER.sub("#", line[1:]))
    return bool(shapes["-"]) and shapes["-"] == shapes["+"]


def _is_processors(one: Difference) -> bool:
    lines = list(_changed_lines(one, "text"))
    words = re.compile(r"\b(?:nproc|cpus?|jobs|threads|processors?|cores)\b|-j\s*\d", re.IGNORECASE)
    return any(words.search(line) for line in lines) or (
        _numbers_only(one) and any(line[1:].strip() == "1" for line in lines if line[0] == "+")
    )


def _is_private_key(one: Difference) -> bool:
    if one.area != "file":
        return False
    excerpts = (line for found in one.findings for line in found.excerpt)
    return bool(_KEY_FILE.search(one.path)) or any("PRIVATE KEY" in line for line in excerpts)


def _is_temporary_name(one: Difference) -> bool:
    name = one.path.rpartition("/")[2]
    return one.change != "changed" and one.area == "file" and bool(_TEMPORARY_NAME.fullmatch(name))


def _only(*names: str) -> Callable[[Difference], bool]:
    """Metadata alone differs, and of it nothing but these."""

    def fits(one: Difference) -> bool:
        found = {aspect.name.partition(" ")[0] for aspect in one.aspects}
        return one.area == "file" and bool(found) and found <= set(names) and not one.findings

    return fits


def _either(*tests: Callable[[Difference], bool]) -> Callable[[Difference], bool]:
    return lambda one: any(test(one) for test in tests)


def _table(rows: Iterable[tuple[str, Callable[[Difference], bool], str]]) -> tuple[_Rule, ...]:
    return tuple(_Rule(Cause(name, advice), fits) for name, fits, advice in rows)


# -- the table ------------------------------------------------------------------------------------

_EPOCH = "let the tool take SOURCE_DATE_EPOCH, which is set in every RUN, instead of the clock"

RULES = _table(
    (
        ("time of a file", _only("mtime"), _EPOCH),
        (
            "time in a gzip header",
            _finds("gzip header: time"),
            "compress with `gzip -n` (tar: `--use-compress-program='gzip -n'`)",
        ),
        (
            "times in a zip archive",
            _finds("zip header", "time"),
            "touch the files to $SOURCE_DATE_EPOCH first and pack with `zip -X`, or use a packer that knows it",
        ),
        (
            "times in an ar archive",
            _finds("ar header"),
            "use `ar D` (deterministic) or ZERO_AR_DATE=1",
        ),
        (
            "inode numbers in a cpio archive",
            _finds("cpio header: (?:inode|device)"),
            "use GNU cpio with --reproducible (--renumber-inodes --ignore-devno), or tar",
        ),
        (
            "times in Python bytecode",
            _either(_finds("bytecode header"), _at(r"\.pyc$")),
            "set PYTHONDONTWRITEBYTECODE=1, or compile with `python -m compileall --invalidation-mode checked-hash`",
        ),
        (
            "times in a tar archive",
            _finds("mtime", "time"),
            "pack with `tar --mtime=@$SOURCE_DATE_EPOCH --sort=name --owner=0 --group=0 --numeric-owner`",
        ),
        (
            "cache of the dynamic linker",
            _at(r"^/var/cache/ldconfig/"),
            "remove /var/cache/ldconfig/aux-cache in the same RUN (done unless --faithful)",
        ),
        (
            "log of an installer",
            _at(r"^/var/log/"),
            "remove the logs in the same RUN (those of apt, dpkg, dnf and yum are unless --faithful)",
        ),
        (
            "machine id",
            _at(r"machine-id$|/(?:random-seed|trustdb\.gpg)$"),
            "empty /etc/machine-id in the same RUN; it must not be shared by containers anyway",
        ),
        (
            "package lists",
            _at(r"^/var/(?:lib/apt/lists|cache/apt|lib/dnf|cache/(?:dnf|yum|apk))/"),
            "remove them in the same RUN, or keep them in a cache mount; pin the mirror to a snapshot",
        ),
        (
            "package database",
            _at(r"rpmdb|/(?:history|transaction_history)\.sqlite"),
            "install in one transaction; the journals are settled unless --faithful",
        ),
        (
            "cache of a package manager",
            _at(
                r"/\.(?:npm|cache/(?:pip|uv|yarn|go-build)|cargo/registry|m2|gradle)/|/_cacache/|/npm-cache/"
            ),
            "put it into a cache mount (RUN --mount=type=cache) or clean it in the same RUN",
        ),
        (
            "cache of fonts or icons",
            _at(r"/(?:fontconfig|fonts?|icons?)/.*(?:cache|\.uuid)"),
            "remove it in the same RUN; it is made again when needed",
        ),
        (
            "password file's date",
            _at(r"^/etc/g?shadow-?$"),
            "the date of the last change is a day count: set it with `chage -d` to a fixed day",
        ),
        (
            "key made during the build",
            _is_private_key,
            "make keys when the container starts: every copy of the image shares this one",
        ),
        (
            "randomly named file",
            _is_temporary_name,
            "remove temporary files in the same RUN, or give them fixed names",
        ),
        (
            "order of entries",
            _has_form("order"),
            "sort what comes from a directory or a hash table (`sort`, `tar --sort=name`, `find | sort`)",
        ),
        (
            "UUID",
            _in_text(_UUID),
            "derive it from the content, or make it when the container starts",
        ),
        ("date in a text", _either(_in_text(_DATE), _in_text(_UNIX_TIME)), _EPOCH),
        (
            "path of a scratch directory",
            _in_text(_SCRATCH),
            "build in a fixed directory instead of one made by mktemp; compilers take -ffile-prefix-map",
        ),
        (
            "number of processors",
            _is_processors,
            "give the number of jobs as a fixed value, and do not write it into files",
        ),
        (
            "counter of the machine",
            _numbers_only,
            "a number from the clock, the process table or a race was written: leave it out",
        ),
        (
            "random text",
            _in_text(_RANDOM_TEXT),
            "seed the generator, or make the value when the container starts",
        ),
        (
            "mode or owner",
            _only("mode", "owner", "mtime"),
            "set them explicitly: --chmod and --chown of COPY, install -m in RUN",
        ),
        (
            "time inside a file",
            _has_form("time"),
            _EPOCH,
        ),
        (
            "form of an archive",
            _has_form("header"),
            "pin the tool that packs it, and its options",
        ),
        (
            "racing or unstable output",
            lambda one: one.area == "file" and one.change != "changed",
            "the step does not always write this file: look for parallel jobs and conditions on the surroundings",
        ),
        (
            "text that differs",
            _has_form("text"),
            "the excerpt shows what the step wrote differently; look for the clock, random numbers and order",
        ),
        (
            "binary content",
            _has_form("binary"),
            "look for embedded times, paths, build ids or random padding: compilers take -Wl,--build-id=none, -ffile-prefix-map",
        ),
        (
            "unknown",
            lambda one: True,
            "compare what the step does in both builds (--keep keeps both stores)",
        ),
    )
)
