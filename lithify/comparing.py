"""Owns what `diff` means by its two operands: images of the store, archives, layouts, single layers.

Foreign images are taken into a store of their own for as long as they are compared, so that they are checked like any
other and the user's store stays as it is. It refuses to compare: `executor.compare` does.
"""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lithify.cache.archives import load
from lithify.cache.compression import open_plain
from lithify.cache.digest import Digest
from lithify.cache.documents import image_manifests, read_document, read_manifest, resolve_image
from lithify.cache.layout import SCHEME, import_layout, parse_layout_reference
from lithify.cache.oci import INDEX_TYPES, MEDIA_LAYER
from lithify.cache.oci import Descriptor as OciDescriptor
from lithify.cache.platform import host_platform
from lithify.cache.ports import Layer
from lithify.cache.store import Store
from lithify.cache.trees import remove_tree
from lithify.errors import ContentError, Corrupt, ImageNotFound, UsageError
from lithify.executor.cancel import Cancellation
from lithify.executor.compare.images import ImageSide, compare_images, compare_layers
from lithify.executor.compare.model import Aspect, Comparison, Difference, change_of
from lithify.executor.compare.trees import LayerSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lithify.cache.oci import Descriptor
    from lithify.cache.ports import ResolvedImage


class Operand(NamedTuple):
    """One side: a store and an image in it, or a layer of it."""

    store: Store
    image: Descriptor | None
    layer: LayerSource | None


class Comparer:
    """Compares over one store, which is opened for each comparison; only `cancel` may be called from elsewhere."""

    def __init__(self, root: str) -> None:
        self._root = Path(root)
        self._cancellation = Cancellation()

    def cancel(self) -> None:
        """Stop the comparison under way."""
        self._cancellation.cancel()

    def compare(self, before: str, after: str) -> Comparison:
        """Compare two operands. Raises ImageNotFound, UsageError, ContentError, StoreError, Cancelled."""
        check = self._cancellation.check
        with ExitStack() as stack:
            store = stack.enter_context(Store.open(self._root, clock=time.time))
            one, other = (stack.enter_context(_operand(store, text)) for text in (before, after))
            if one.layer is not None and other.layer is not None:
                return compare_layers(one.layer, other.layer, check)
            if one.image is None or other.image is None:
                raise UsageError("a layer can only be compared with a layer")
            return compare_stored(one.store, one.image, other.store, other.image, check)


def compare_stored(
    store: Store,
    before: Descriptor,
    other_store: Store,
    after: Descriptor,
    check: Callable[[], None],
) -> Comparison:
    """Compare two images of stores; those for several platforms platform by platform. Raises ContentError."""
    if before.digest == after.digest:
        return Comparison(before.digest, after.digest)
    if before.media_type not in INDEX_TYPES and after.media_type not in INDEX_TYPES:
        return compare_images(image_side(store, before), image_side(other_store, after), check)
    left, right = _by_platform(store, before), _by_platform(other_store, after)
    found: list[Difference] = []
    omitted = 0
    for platform in dict.fromkeys((*left, *right)):
        if platform not in left or platform not in right:
            change = change_of(left.get(platform), right.get(platform))
            found.append(Difference("index", change, platform, platform=platform))
            continue
        part = compare_images(left[platform], right[platform], check)
        omitted += part.omitted
        found += [_for_platform(one, platform) for one in part.differences]
    if not found:
        aspect = Aspect("type", before.media_type, after.media_type)
        found.append(Difference("index", "changed", "the list of platforms", (aspect,)))
    return Comparison(before.digest, after.digest, tuple(found), omitted)


def _for_platform(difference: Difference, platform: str) -> Difference:
    return replace(difference, platform=platform)


def _by_platform(store: Store, descriptor: Descriptor) -> dict[str, ImageSide]:
    found = {}
    for one in image_manifests(store.blobs, descriptor):
        side = image_side(store, one)
        platform = str(one.platform or _resolved(store, one).config.platform)
        found[platform] = side
    return found


def image_side(store: Store, descriptor: Descriptor) -> ImageSide:
    """An image of a store, ready to be compared. Raises ContentError."""
    image = _resolved(store, descriptor)
    manifest = read_manifest(store.blobs, image.manifest)
    makers = [one.created_by for one in image.config.history if not one.empty_layer]
    makers += [""] * (len(image.layers) - len(makers))
    layers = tuple(
        layer_source(store, layer, made_by)
        for layer, made_by in zip(image.layers, makers, strict=False)
    )
    return ImageSide(
        image.manifest.digest, manifest.raw, read_document(store.blobs, manifest.config), layers
    )


def _resolved(store: Store, descriptor: Descriptor) -> ResolvedImage:
    return resolve_image(
        store.blobs, descriptor, host_platform(os.uname().machine), str(descriptor.digest)
    )


def layer_source(store: Store, layer: Layer, made_by: str = "") -> LayerSource:
    """A layer of a store, ready to be read."""
    return LayerSource(layer.diff_id, lambda: open_plain(store.blobs, layer), made_by)


@contextmanager
def _operand(store: Store, text: str) -> Iterator[Operand]:
    """What a word means: a name, digest or id of the store first, then a layer, a layout, an archive."""
    if not text.startswith(SCHEME) and (image := store.images.get(text)) is not None:
        yield Operand(store, image, None)
        return
    if (layer := _stored_layer(store, text)) is not None:
        yield Operand(store, None, layer)
        return
    path, selector = _foreign(text)
    with _scratch_store(store) as scratch:
        if path.is_dir():
            yield Operand(scratch, import_layout(scratch, path, selector), None)
        else:
            yield Operand(scratch, _loaded(scratch, path, selector), None)


def _stored_layer(store: Store, text: str) -> LayerSource | None:
    """A layer by the digest of its tar or of its blob: one of an image, or of a step of a build."""
    if not text.startswith("sha256:"):
        return None
    for layer in _image_layers(store):
        if text in (layer.diff_id, layer.descriptor.digest):
            return layer_source(store, layer)
    try:
        digest = Digest(text)
    except Corrupt:
        return None
    size = store.blobs.size(digest)
    if size is None:
        return None
    return layer_source(store, Layer(OciDescriptor(MEDIA_LAYER, digest, size), digest))


def _image_layers(store: Store) -> Iterator[Layer]:
    """The layers of all images that can be read; a damaged image is no reason not to find those of others."""
    for image in store.images.list():
        with suppress(ContentError):
            for one in image_manifests(store.blobs, image.descriptor):
                yield from _resolved(store, one).layers


def _foreign(text: str) -> tuple[Path, str | None]:
    """The path of an archive or layout, and which image of it. Raises ImageNotFound."""
    if text.startswith(SCHEME) or Path(text).is_dir():
        return parse_layout_reference(text)
    path, selector = text, ""
    while not Path(path).is_file() and ":" in path:
        path, _, last = path.rpartition(":")
        selector = f"{last}:{selector}" if selector else last
    if not Path(path).exists():
        raise ImageNotFound(
            f"no such image: {text}",
            hint="neither the store has an image or layer of this name, nor is there such a file or folder",
        )
    return Path(path), selector or None


@contextmanager
def _scratch_store(store: Store) -> Iterator[Store]:
    folder = Path(tempfile.mkdtemp(prefix="diff-", dir=store.tmp_dir()))
    try:
        with Store.open(folder / "store", clock=time.time) as scratch:
            yield scratch
    finally:
        remove_tree(folder)


def _loaded(scratch: Store, path: Path, selector: str | None) -> Descriptor:
    """The one image of an archive, or that which is named so. Raises UsageError, ImageNotFound, Corrupt."""
    images = load(scratch, path)
    if selector is not None:
        found = scratch.images.get(selector)
        if found is None:
            names = ", ".join(name for one in images for name in one.names) or "none"
            raise ImageNotFound(f"{path} has no image {selector}", hint=f"its names: {names}")
        return found
    distinct = {one.descriptor.digest: one for one in images}
    if len(distinct) != 1:
        names = ", ".join(name for one in images for name in one.names)
        raise UsageError(
            f"{path} holds {len(distinct)} images", hint=f"write {path}:NAME, of {names}"
        )
    return images[0].descriptor
