"""Owns which releases of distributions and languages have ended, as a table of facts.

The end is that of updates for everyone; paid support may go on. Releases that were still updated in August 2026 are not
in it, so that no clock is needed and no finding appears by itself. It refuses images that are not official.
"""

from __future__ import annotations

import re
from types import MappingProxyType

_Version = tuple[int, ...]

#: Names of releases: the distribution and its version.
_CODENAMES = MappingProxyType({
    "wheezy": ("debian", (7,)), "jessie": ("debian", (8,)), "stretch": ("debian", (9,)),
    "buster": ("debian", (10,)), "precise": ("ubuntu", (12, 4)), "trusty": ("ubuntu", (14, 4)),
    "xenial": ("ubuntu", (16, 4)), "bionic": ("ubuntu", (18, 4)), "focal": ("ubuntu", (20, 4)),
    "eoan": ("ubuntu", (19, 10)), "groovy": ("ubuntu", (20, 10)), "hirsute": ("ubuntu", (21, 4)),
    "impish": ("ubuntu", (21, 10)), "kinetic": ("ubuntu", (22, 10)), "lunar": ("ubuntu", (23, 4)),
    "mantic": ("ubuntu", (23, 10)), "oracular": ("ubuntu", (24, 10)),
})  # fmt: skip

#: For each name the last release that has ended, with when, newest first; older ones ended before.
_ENDED: MappingProxyType[str, tuple[tuple[_Version, str], ...]] = MappingProxyType({
    "debian": (((10,), "2024-06"), ((9,), "2022-06"), ((8,), "2020-06"), ((7,), "2018-05")),
    "alpine": (((3, 20), "2026-04"), ((3, 19), "2025-11"), ((3, 18), "2025-05"),
               ((3, 17), "2024-11"), ((3, 16), "2024-05"), ((3, 15), "2023-11")),
    "centos": (((8,), "2021-12"), ((7,), "2024-06"), ((6,), "2020-11")),
    "fedora": (((41,), "2025-12"), ((40,), "2025-05"), ((39,), "2024-11")),
    "node": (((20,), "2026-04"), ((18,), "2025-04"), ((16,), "2023-09"), ((14,), "2023-04"),
             ((12,), "2022-04")),
    "python": (((3, 9), "2025-10"), ((3, 8), "2024-10"), ((3, 7), "2023-06"), ((2, 7), "2020-01")),
    "ruby": (((3, 2), "2026-04"), ((3, 1), "2025-03"), ((3, 0), "2024-04"), ((2, 7), "2023-03")),
    "php": (((8, 1), "2025-12"), ((8, 0), "2023-11"), ((7, 4), "2022-11")),
    "golang": (((1, 23), "2025-08"), ((1, 22), "2025-02"), ((1, 21), "2024-08")),
    "postgres": (((13,), "2025-11"), ((12,), "2024-11"), ((11,), "2023-11"), ((10,), "2022-11")),
})  # fmt: skip
_UBUNTU: MappingProxyType[_Version, str] = MappingProxyType({
    (12, 4): "2017-04", (14, 4): "2019-04", (16, 4): "2021-04", (18, 4): "2023-05",
    (20, 4): "2025-05", (19, 10): "2020-07", (20, 10): "2021-07", (21, 4): "2022-01",
    (21, 10): "2022-07", (22, 10): "2023-07", (23, 4): "2024-01", (23, 10): "2024-07",
    (24, 10): "2025-07",
})  # fmt: skip
_ALPINE = re.compile(r"(?:^|-)alpine(\d+)\.(\d+)")


def ended(name: str, version: _Version) -> str:
    """The month in which the updates of a release ended, or before which they did; '' if they have not."""
    if name == "ubuntu":
        return _UBUNTU.get(version, "")
    rows = _ENDED.get(name)
    if rows is None or not version:
        return ""
    depth = len(rows[0][0])
    wanted = version[:depth]
    if len(wanted) < depth:
        # `python:3` moves on with every release; `python:2` has nowhere to go.
        return rows[-1][1] if wanted[0] < rows[-1][0][0] or _is_last_major(rows, wanted) else ""
    return next((since for last, since in reversed(rows) if wanted <= last), "")


def _is_last_major(rows: tuple[tuple[_Version, str], ...], wanted: _Version) -> bool:
    return wanted[0] < rows[0][0][0]


def ended_base(image: str, tag: str) -> str:
    """What is said of the distribution that a tag names, as in python:3.13-buster; '' if it has not ended."""
    for word in tag.split("-"):
        name, version = _CODENAMES.get(word, ("", ()))
        if since := ended(name, version):
            return told(f"{name} {word}", since)
    alpine = _ALPINE.search(tag)
    if alpine is None or image == "alpine":
        return ""
    version = (int(alpine[1]), int(alpine[2]))
    since = ended("alpine", version)
    return told(f"alpine {alpine[1]}.{alpine[2]}", since) if since else ""


def told(release: str, since: str) -> str:
    """The sentence about a release that has ended."""
    return f"{release} has got no updates since {since} or longer"
