"""Owns the reading of the machine's apt configuration, sources.list(5) in both its forms.

It exists so that a Debian image comes from where this machine's own packages come from: same mirror, same keys. It
keeps only the Debian archive's entries of one suite; other vendors' repositories have no place in a base image.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, replace
from pathlib import Path

from lithify.errors import BuildError

_ARCHIVE_COMPONENTS = frozenset(("main", "contrib", "non-free", "non-free-firmware"))
_POCKETS = ("", "-updates", "-security", "/updates")
_SCHEMES = ("http://", "https://", "file:", "mirror+", "mirror:")
_ONE_LINE = re.compile(r"^deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<rest>\S.*)$")
_MOST_FILE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class AptSource:
    """One repository: where, which suites and components, and the keyring that signs it ('' is apt's own)."""

    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""

    def render(self) -> str:
        """As a deb822 paragraph."""
        fields = [
            ("Types", "deb"),
            ("URIs", " ".join(self.uris)),
            ("Suites", " ".join(self.suites)),
            ("Components", " ".join(self.components)),
            ("Signed-By", self.signed_by),
        ]
        return "".join(f"{name}: {value}\n" for name, value in fields if value)


def sources_for(suite: str, machine_suite: str, etc_apt: Path) -> tuple[AptSource, ...]:
    """The Debian archive's repositories of a suite; another suite than the machine's is looked for on
    the same mirrors. Raises BuildError when the machine knows none."""
    machine = read_sources(etc_apt)
    for known in dict.fromkeys((suite, machine_suite)):
        found = tuple(kept for one in machine if (kept := _keep(one, known, suite)) is not None)
        if found:
            return found
    raise BuildError(
        f"the machine's apt sources name no Debian archive for {suite}",
        hint=f"add one to {etc_apt}/sources.list.d, then run apt-get update",
    )


def read_sources(etc_apt: Path) -> tuple[AptSource, ...]:
    """All enabled binary repositories, in apt's order; unreadable files are skipped as apt does."""
    found: list[AptSource] = []
    parts = sorted((etc_apt / "sources.list.d").glob("*"))
    for path in (etc_apt / "sources.list", *parts):
        if path.suffix not in (".list", ".sources") or not path.is_file():
            continue
        try:
            with path.open("rb") as file:
                text = file.read(_MOST_FILE_BYTES).decode("utf-8", "replace")
        except OSError:
            continue
        parse = parse_deb822 if path.suffix == ".sources" else parse_one_line
        found += parse(text)
    return tuple(found)


def parse_one_line(text: str) -> list[AptSource]:
    """The `deb` lines of a sources.list; others and malformed ones are left out."""
    found = []
    for line in text.splitlines():
        match = _ONE_LINE.match(line.partition("#")[0].strip())
        words = match["rest"].split() if match else []
        if match is None or len(words) < 3:
            continue
        options = dict(
            word.split("=", 1) for word in (match["options"] or "").split() if "=" in word
        )
        found.append(
            AptSource((words[0],), (words[1],), tuple(words[2:]), options.get("signed-by", ""))
        )
    return found


def parse_deb822(text: str) -> list[AptSource]:
    """The enabled paragraphs of a .sources file that offer binary packages."""
    found = []
    for paragraph in re.split(r"\n[ \t]*\n", text):
        fields = _fields(paragraph)
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes") == "no":
            continue
        signed_by = fields.get("signed-by", "")
        found.append(
            AptSource(
                tuple(fields.get("uris", "").split()),
                tuple(fields.get("suites", "").split()),
                tuple(fields.get("components", "").split()),
                signed_by if signed_by.startswith("/") else "",
            )
        )
    return found


def _fields(paragraph: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in paragraph.splitlines():
        if line.startswith("#"):
            continue
        if line[:1].isspace() and name:
            fields[name] += "\n" + line.strip()
        elif ":" in line:
            head, _, value = line.partition(":")
            name = head.strip().lower()
            fields[name] = value.strip()
    return fields


def _keep(source: AptSource, known: str, suite: str) -> AptSource | None:
    """The part of a repository that is the Debian archive's `known` suite, asked for as `suite`."""
    uris = tuple(one for one in source.uris if one.startswith(_SCHEMES))
    pockets = [one for one in _POCKETS if known + one in source.suites]
    if not uris or not pockets or not _ARCHIVE_COMPONENTS.issuperset(source.components):
        return None
    return replace(source, uris=uris, suites=tuple(suite + one for one in pockets))


def machine_suite(os_release: Path) -> str:
    """VERSION_CODENAME of an os-release(5) file; '' when it has none."""
    try:
        lines = os_release.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    for line in lines:
        name, _, value = line.partition("=")
        if name == "VERSION_CODENAME":
            return "".join(shlex.split(value))
    return ""
