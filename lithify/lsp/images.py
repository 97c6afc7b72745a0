"""Owns the images of a store for an editor: what the linter sees of them, without keeping the store in use.

An editor is open for hours, and nobody may clean up a store that is in use; so it is let go after every question, and
answers are remembered: what a name stands for until somebody says that it may have changed, what is in an image for good.
It refuses registries, as the linter does.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lithify.cache.platform import host_platform
from lithify.linting.images import StoreImages

if TYPE_CHECKING:
    from lithify.cache.platform import Platform
    from lithify.cache.ports import ResolvedImage


class EditorImages(StoreImages):
    """The images of a store, open only while something is looked up."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self._resolved: dict[tuple[str, Platform], ResolvedImage] = {}

    def forget(self) -> None:
        """Names may stand for other images now."""
        self._resolved.clear()

    def resolve(self, reference: str, platform: Platform) -> ResolvedImage:
        """The image if the store has it; one of which nothing is known if not."""
        known = self._resolved.get((reference, platform))
        if known is None:
            try:
                known = super().resolve(reference, platform)
            finally:
                self.close()
            self._resolved[reference, platform] = known
        return known

    def at_hand(self, name: str) -> ResolvedImage | None:
        """The image of a name for this machine; None if the store has none."""
        found = self.resolve(name, host_platform(os.uname().machine))
        return found if found.config_digest else None

    def is_known(self, image: ResolvedImage) -> bool:
        """Whether it can be told what is inside an image."""
        try:
            return super().is_known(image)
        finally:
            self.close()

    def read(self, image: ResolvedImage, path: str, most: int) -> bytes | None:
        """The first bytes of a file."""
        try:
            return super().read(image, path, most)
        finally:
            self.close()

    def inside(self, image: ResolvedImage, folder: str) -> tuple[str, ...]:
        """What a directory of the image holds."""
        try:
            return super().inside(image, folder)
        finally:
            self.close()

    def exists(self, image: ResolvedImage, path: str) -> bool | None:
        """Whether the image has a path."""
        try:
            return super().exists(image, path)
        finally:
            self.close()
