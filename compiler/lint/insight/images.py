"""Owns what is known of base images: what they contain, and which distribution they are.

Content is asked for of images that are at hand only; the distribution is read from os-release, or, where there is no
such file to look at, concluded from the name of an official image. It refuses to conclude anything from other names.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from lithify.cache.reference import InvalidReference, parse_reference
from lithify.compiler.lint.insight.story import ancestry, image_at_hand
from lithify.compiler.origins import ImageOrigin

if TYPE_CHECKING:
    from lithify.compiler.lint.context import LintContext
    from lithify.compiler.survey import SurveyedStage

_OFFICIAL = "docker.io/library/"
_MOST_BYTES = 64 * 1024
_FAMILIES = {
    "debian": "debian",
    "ubuntu": "debian",
    "alpine": "alpine",
    "fedora": "fedora",
    "rhel": "fedora",
    "centos": "fedora",
    "rocky": "fedora",
    "rockylinux": "fedora",
    "almalinux": "fedora",
    "amzn": "fedora",
    "amazonlinux": "fedora",
    "ol": "fedora",
    "oraclelinux": "fedora",
    "arch": "arch",
    "archlinux": "arch",
    "suse": "suse",
    "opensuse": "suse",
}
#: Official images whose tags say when they stand on Alpine, and stand on Debian otherwise.
_LANGUAGES = frozenset(
    ("node", "python", "ruby", "php", "golang", "rust", "postgres", "redis", "nginx")
)
_ALPINE_TAG = re.compile(r"(?:^|-)alpine(?:\d|$|-)")


class OfficialImage(NamedTuple):
    """An image of the official library: its name, and its tag ('latest' if none is written)."""

    name: str
    tag: str


def official_image(stage: SurveyedStage) -> OfficialImage | None:
    """The official image that a stage, or the oldest of its ancestors, starts from by name."""
    origin = ancestry(stage)[0].resolved.stage.origin
    if not isinstance(origin, ImageOrigin):
        return None
    try:
        reference = parse_reference(origin.reference)
    except InvalidReference:
        return None
    if not reference.name.startswith(_OFFICIAL):
        return None
    return OfficialImage(reference.name.removeprefix(_OFFICIAL), reference.tag or "latest")


def familiar_name(image: str) -> str:
    """The name of an image as people write it, without tag; '' if it cannot be read as it stands."""
    try:
        return parse_reference(image).familiar_name
    except InvalidReference:
        return ""


def read_image(ctx: LintContext, stage: SurveyedStage, path: str, most: int) -> str | None:
    """The start of a file of a stage's base image; None if it has none or is not at hand."""
    image = image_at_hand(stage)
    if image is None or ctx.world.images is None:
        return None
    data = ctx.world.images.read(image, path, most)
    return None if data is None else data.decode("utf-8", "replace")


def image_has(ctx: LintContext, stage: SurveyedStage, path: str) -> bool | None:
    """Whether a stage's base image has a path; None if that is not known."""
    image = image_at_hand(stage)
    if image is None or ctx.world.images is None:
        return None
    return ctx.world.images.exists(image, path)


def os_release(ctx: LintContext, stage: SurveyedStage) -> dict[str, str]:
    """The fields of the base image's os-release; empty if it is not known."""
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        text = read_image(ctx, stage, path, _MOST_BYTES)
        if text:
            pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
            return {key.strip(): value.strip().strip("\"'") for key, _, value in pairs}
    return {}


def family(ctx: LintContext, stage: SurveyedStage) -> str:
    """The distribution's family, a key of MANAGERS; '' if it is not known."""
    release = os_release(ctx, stage)
    if release:
        names = (release.get("ID", ""), *release.get("ID_LIKE", "").split())
        return next((_FAMILIES[one] for one in names if one in _FAMILIES), "")
    image = official_image(stage)
    if image is None:
        return ""
    if image.name in _LANGUAGES:
        if _ALPINE_TAG.search(image.tag):
            return "alpine"
        return "" if image.tag.startswith("windows") else "debian"
    return _FAMILIES.get(image.name, "")
