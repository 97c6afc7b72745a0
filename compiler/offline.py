"""Owns the answer for images that are not at hand, where a Dockerfile is only looked at.

Checks and outlines are of use also on a machine that has none of the bases. It refuses to be used for builds: what it
answers is not the image.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.cache.digest import Digest
from lithify.cache.oci import Descriptor, ImageConfig
from lithify.cache.ports import ResolvedImage
from lithify.errors import ImageNotFound
from lithify.values import dataclass

if TYPE_CHECKING:
    from lithify.cache.platform import Platform
    from lithify.cache.ports import ImageResolver


@dataclass(frozen=True, slots=True)
class LenientResolver:
    """Asks another resolver, and answers with an empty image for the platform where that finds none."""

    port: ImageResolver

    def resolve(self, reference: str, platform: Platform) -> ResolvedImage:
        """The image, known or empty."""
        try:
            return self.port.resolve(reference, platform)
        except ImageNotFound:
            return unknown_image(reference, platform)


def unknown_image(reference: str, platform: Platform) -> ResolvedImage:
    """An image of which nothing but its name and platform is known."""
    return ResolvedImage(reference, Descriptor("", Digest.of(b""), 0), ImageConfig(platform), ())


@dataclass(frozen=True, slots=True)
class NoImages:
    """Answers for every name with an unknown image: where no store is looked into."""

    def resolve(self, reference: str, platform: Platform) -> ResolvedImage:
        return unknown_image(reference, platform)


def is_at_hand(image: ResolvedImage) -> bool:
    """Whether an image is really known, and no answer for want of one."""
    return bool(image.manifest.media_type)
